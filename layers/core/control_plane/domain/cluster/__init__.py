"""The cluster: as it was asked for, as it is seen, and why it failed."""
