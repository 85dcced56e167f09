"""Functions run as Lambda runs them: a process of their own each, with the deployed environment, layers and handler."""
