"""ARNs name resources of the account."""

from template.rehearsal.aws import account


def test_arn_names_account_and_region():
    """An ARN names the service, the region and the account; IAM's has no region."""
    assert account.arn("ecs", "cluster/a") == "arn:aws:ecs:eu-central-1:123456789012:cluster/a"
    assert account.arn("ecs", "cluster/a", region="us-east-1").split(":")[3] == "us-east-1"
    assert account.iam_arn("role/a") == "arn:aws:iam::123456789012:role/a"
