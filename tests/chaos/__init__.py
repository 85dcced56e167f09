"""The crash sweep: the same story with and without a fault, and the two ends compared.

Nobody writes down how a disturbed run should end: the undisturbed one says it. `python -m tests.chaos` sweeps all.
"""
