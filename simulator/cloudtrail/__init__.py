"""CloudTrail with one trail: calls that change something are told on the default bus, minutes later."""
