"""AWS as its clients see it: signatures, sessions, permissions, STS and CloudWatch Logs."""
