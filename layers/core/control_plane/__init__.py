"""Puts HyperPod clusters into the customer's own VPC, and proves where their traffic leaves."""

import gc

__version__ = "0.1.0"  # pyproject.toml's

# Nothing that gets imported is garbage; to look for it a hundred times is 4 % of a start.
gc.set_threshold(100_000)
