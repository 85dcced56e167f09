"""EventBridge that delivers: rules' targets, input transformation, retries, dead letters, schedules."""
