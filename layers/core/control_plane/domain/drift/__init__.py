"""Drift: what is wanted of a cluster against what is there, told by its effect."""
