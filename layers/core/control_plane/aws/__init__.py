"""The only room that knows AWS's SDK. Speaks in domain models; AWS's errors come out in our words."""
