"""Resources are known by the names and ARNs that AWS would give them."""

import pytest

from template.rehearsal.cloudformation.resources import Identity


def identity(type_name, **properties):
    """A resource of the stack `stack`."""
    return Identity("stack", "Logical", type_name, properties, "eu-central-1")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (identity("AWS::ECR::Repository", RepositoryName="app"), "app"),
        (identity("AWS::IAM::Role", RoleName="r"), "r"),
        (identity("AWS::IAM::Role"), "stack-Logical"),
        (
            identity("AWS::IAM::ManagedPolicy", ManagedPolicyName="p"),
            "arn:aws:iam::123456789012:policy/p",
        ),
        (
            identity("AWS::IAM::OIDCProvider", Url="https://example.com"),
            "arn:aws:iam::123456789012:oidc-provider/example.com",
        ),
        (
            identity("AWS::ECS::TaskDefinition", Family="f"),
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/f:1",
        ),
        (
            identity("AWS::ECS::Service", ServiceName="web", Cluster="c"),
            "arn:aws:ecs:eu-central-1:123456789012:service/c/web",
        ),
        (identity("AWS::EC2::VPC"), "stack-Logical"),
    ],
)
def test_reference(resource, expected):
    """Ref gives a name or an ARN, as the type has it."""
    assert resource.id == expected


@pytest.mark.parametrize(
    ("resource", "name", "expected"),
    [
        (
            identity("AWS::IAM::Role", RoleName="r"),
            "Arn",
            "arn:aws:iam::123456789012:role/r",
        ),
        (
            identity("AWS::ECR::Repository", RepositoryName="app"),
            "RepositoryUri",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app",
        ),
        (identity("AWS::ECS::Service", ServiceName="web"), "Name", "web"),
        (
            identity(
                "AWS::ECS::Service",
                ServiceName="web",
                Cluster="arn:aws:ecs:eu-central-1:123456789012:cluster/c",
            ),
            "ServiceArn",
            "stack-Logical.ServiceArn",
        ),
        (identity("AWS::S3::Bucket", BucketName="b"), "Arn", "arn:aws:s3:::b"),
        (identity("AWS::EC2::VPC"), "CidrBlock", "stack-Logical.CidrBlock"),
        (identity("AWS::EC2::VPC"), "Arn", "stack-Logical.Arn"),
    ],
)
def test_attribute(resource, name, expected):
    """GetAtt gives ARNs and addresses; what no rehearsal needs is named by its logical id."""
    assert resource.attribute(name) == expected
