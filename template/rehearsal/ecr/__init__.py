"""Amazon ECR in front of a real registry."""
