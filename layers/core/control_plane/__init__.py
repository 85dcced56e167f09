"""Puts HyperPod clusters into the customer's own VPC, and proves where their traffic leaves."""
