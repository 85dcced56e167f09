"""Probe instances: where they stand, what they are asked, what their answers mean."""
