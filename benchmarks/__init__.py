"""Figures to compare, never to assert: two things in one run, and their ratio."""
