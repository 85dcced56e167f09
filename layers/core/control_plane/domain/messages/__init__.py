"""What we say: events on the bus, and Slack messages."""
