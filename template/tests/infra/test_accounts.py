"""A stage in another account may use the images, and nothing else of that account may."""

import pytest

from template.rehearsal.aws.account import ACCOUNT, REGION
from template.rehearsal.project import NAME
from template.tests.infra.calls import IMAGES, PROMOTE, READ_IMAGES
from template.tests.infra.cloudformation import stack, stacks

OTHER = "210987654321"
POLICY = (
    stack("github", StageAccountIds=OTHER)
    .resources["Repository"]
    .properties["RepositoryPolicyText"]
)
EVERYTHING = {
    "all": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}],
    }
}
IN_THE_REPOSITORY = [call for call in PROMOTE if call.resource != "*"]
WORDS = [call.action for call in IN_THE_REPOSITORY]
READING = [call.action for call in READ_IMAGES]


@pytest.fixture
def admitted(judge):
    """Which calls a role of some account gets through with, whatever its own account allows."""

    def decide(role: str, account: str = OTHER, policies: dict = EVERYTHING) -> list[str]:
        principal = f"arn:aws:iam::{account}:role/{role}"
        context = {"aws:PrincipalArn": principal, "aws:PrincipalAccount": account}
        further = ["ecr:DeleteRepository", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy"]
        return [
            action
            for action in [*WORDS, *further]
            if judge.decide(
                principal=principal,
                action=action,
                resource=IMAGES,
                context=context,
                policies=policies,
                resource_policy={
                    **POLICY,
                    # ECR puts the repository itself here, where its policies have no resource.
                    "Statement": [{**each, "Resource": "*"} for each in POLICY["Statement"]],
                },
            ).allowed
        ]

    return decide


def test_a_release_promotes_from_there(admitted):
    """The release role of a stage there reads images and moves tags."""
    assert admitted(f"{NAME}-production-release") == WORDS


def test_containers_are_started_there(admitted):
    """ECS there pulls the image, and moves no tag."""
    assert admitted(f"{NAME}-production-execution") == READING


@pytest.mark.parametrize(
    ("role", "account"),
    [
        (f"{NAME}-production-task", OTHER),
        ("Admin", OTHER),
        ("other-app-production-release", OTHER),
        (f"{NAME}-production-release", "999999999999"),
    ],
)
def test_nobody_else_is_admitted(admitted, role, account):
    """Neither other roles of that account nor other accounts get at the images."""
    assert admitted(role, account) == []


def test_the_roles_own_policy_has_its_say(admitted):
    """The registry's policy alone is not enough: the role's account has to allow it, too."""
    assert admitted(f"{NAME}-production-release", policies={}) == []


def test_roles_there_name_the_registry_here():
    """roles.yml takes the repository's ARN, which need not be of its own account."""
    there = f"arn:aws:ecr:{REGION}:{OTHER}:repository/{NAME}"
    resources = stack("roles", RepositoryArn=there).resources
    document = resources["ReleasePolicy"].properties["PolicyDocument"]
    (moves,) = [each for each in document["Statement"] if each["Sid"] == "MoveTags"]
    assert moves["Resource"] == there
    assert ACCOUNT not in moves["Resource"]


def test_an_account_without_a_provider_gets_one():
    """A stage in another account brings the trust in GitHub's tokens along."""
    own = stack("roles", ExistingOidcProviderArn="")
    (provider,) = own.of_type("AWS::IAM::OIDCProvider").values()
    trust = own.resources["ReleaseRole"].properties["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"]["Federated"] == provider.id
    assert not stacks()["staging-roles"].of_type("AWS::IAM::OIDCProvider")


def test_without_other_accounts_the_registry_is_closed():
    """As long as every stage is here, the image repository has no policy."""
    assert "RepositoryPolicyText" not in stack("github").resources["Repository"].properties


@pytest.mark.parametrize("template", ["github", "roles", "pipeline"])
def test_every_role_has_the_boundary(template):
    """With a permissions boundary every role has it, and without one none has."""
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    roles = stack(template, PermissionsBoundaryArn=boundary).of_type("AWS::IAM::Role").values()
    assert roles
    assert {role.properties.get("PermissionsBoundary") for role in roles} == {boundary}
    plain = stack(template).of_type("AWS::IAM::Role").values()
    assert not [role for role in plain if "PermissionsBoundary" in role.properties]
