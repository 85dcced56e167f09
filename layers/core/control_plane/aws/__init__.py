"""The only room that knows boto3. Speaks in domain models; AWS's errors come out in our words."""
