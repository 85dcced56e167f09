"""What was read of the account, and where it says that traffic leaves."""
