"""The AWS account that the rehearsal plays in."""

PARTITION = "aws"
ACCOUNT = "123456789012"
REGION = "eu-central-1"


def arn(service: str, resource: str, region: str = REGION) -> str:
    """The ARN of a resource in the account."""
    return f"arn:{PARTITION}:{service}:{region}:{ACCOUNT}:{resource}"


def iam_arn(resource: str) -> str:
    """The ARN of a resource of IAM, which has no region."""
    return arn("iam", resource, region="")
