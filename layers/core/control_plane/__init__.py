"""Puts HyperPod clusters into the customer's own VPC, and proves where their traffic leaves."""

__version__ = "0.1.0"  # pyproject.toml's
