"""CloudFormation templates, resolved to what they create."""
