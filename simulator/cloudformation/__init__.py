"""Deploys templates as they are: SAM's transform, then moto's CloudFormation with resource types of our own."""
