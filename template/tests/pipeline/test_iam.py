"""Roles and their policies come from the CloudFormation templates."""

import pytest

from template.rehearsal.aws.account import arn, iam_arn
from template.rehearsal.cloudformation.templates import Resource, Stack
from template.rehearsal.iam import roles as module
from template.rehearsal.iam.judge import PolicyError
from template.rehearsal.iam.roles import Iam, OidcProvider

REPOSITORY = arn("ecr", "repository/django-crud-app")
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "ecr:*", "Resource": "*"}],
}


def role(name, **properties):
    """A role as a stack has it."""
    return Resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST, **properties}, name)


def policy(kind, name, **properties):
    """A policy as a stack has it."""
    return Resource(
        f"AWS::IAM::{kind}",
        {"PolicyDocument": DOCUMENT, **properties},
        iam_arn(f"policy/{name}"),
    )


def stack(*resources):
    """A stack of these resources."""
    return Stack("stack", dict(zip("abcdefgh", resources, strict=False)))


@pytest.mark.parametrize(
    "principal",
    [
        "django-crud-app-build",
        iam_arn("role/django-crud-app-build"),
        "arn:aws:sts::123456789012:assumed-role/django-crud-app-build/build-1",
    ],
)
def test_role_is_found_by_its_names(iam, principal):
    """A role answers to its name, its ARN and its sessions' ARNs."""
    assert iam.role(principal).arn == iam_arn("role/django-crud-app-build")
    assert iam.allowed(principal, "ecr:PutImage", REPOSITORY).allowed
    assert not iam.allowed(principal, "ecr:BatchDeleteImage", REPOSITORY).allowed


def test_stranger_has_no_role(iam):
    """A role that no template has is nobody's."""
    assert iam.role("stranger") is None
    with pytest.raises(PolicyError, match="no role stranger"):
        iam.allowed("stranger", "ecr:PutImage", REPOSITORY)


def test_release_role_may_not_push_layers(iam):
    """What one role of the templates may, another may not."""
    name = "django-crud-app-staging-release"
    assert iam.allowed(name, "ecr:PutImage", REPOSITORY).allowed
    assert not iam.allowed(name, "ecr:InitiateLayerUpload", REPOSITORY).allowed


def test_context_reaches_the_conditions(judge):
    """Condition keys of the call, and those of every call, decide."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "ecs:ListTasks",
                "Resource": "*",
                "Condition": {
                    "ArnEquals": {"ecs:cluster": arn("ecs", "cluster/a")},
                    "StringEquals": {"aws:PrincipalAccount": "123456789012"},
                },
            }
        ],
    }
    mine = role("r", Policies=[{"PolicyName": "mine", "PolicyDocument": document}])
    iam = Iam([stack(mine)], judge)
    cluster = {"ecs:cluster": arn("ecs", "cluster/a")}
    assert iam.allowed("r", "ecs:ListTasks", "*", cluster).allowed
    assert not iam.allowed("r", "ecs:ListTasks", "*").allowed


def test_policies_of_every_kind_are_attached():
    """Inline, managed and separate policies all count, whichever stack has them."""
    ours = policy("ManagedPolicy", "ours", ManagedPolicyName="ours", Roles=["r"])
    roles = module.load_roles(
        [
            stack(
                role(
                    "r",
                    Policies=[{"PolicyName": "inline", "PolicyDocument": DOCUMENT}],
                    ManagedPolicyArns=[iam_arn("policy/listed")],
                    MaxSessionDuration=7200,
                ),
                policy("ManagedPolicy", "listed", ManagedPolicyName="listed"),
            ),
            stack(
                ours,
                policy("Policy", "p", PolicyName="separate", Roles=["r"]),
                policy("RolePolicy", "q", PolicyName="own", RoleName="r"),
            ),
        ]
    )
    assert set(roles["r"].policies) == {"inline", "listed", "ours", "separate", "own"}
    assert roles["r"].max_seconds == 7200


def test_unknown_managed_policy_is_refused():
    """A policy that no template has cannot be judged, so nobody may have it."""
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    with pytest.raises(PolicyError, match="AdministratorAccess, which is in no template"):
        module.load_roles([stack(role("r", ManagedPolicyArns=[administrator]))])


def test_policy_for_an_unknown_role_is_refused():
    """A policy that is attached to nobody's role is a mistake."""
    with pytest.raises(PolicyError, match="for the role r, which is in no template"):
        module.load_roles([stack(policy("RolePolicy", "q", PolicyName="q", RoleName="r"))])


def test_permissions_boundary_is_refused():
    """What is not played is not passed over in silence."""
    with pytest.raises(PolicyError, match="permissions boundary"):
        module.load_roles([stack(role("r", PermissionsBoundary="arn:x"))])


def test_provider_of_the_template(iam):
    """The provider that the template makes is the one that tokens come from."""
    [provider] = iam.providers.values()
    assert provider.issuer == "https://token.actions.githubusercontent.com"
    assert provider.client_ids == ("sts.amazonaws.com",)


def test_provider_beside_the_templates():
    """A provider that a role trusts exists, also where another stack has made it."""
    existing = iam_arn("oidc-provider/token.actions.githubusercontent.com")
    trust = {"Statement": [{"Principal": {"Federated": existing}}]}
    roles = module.load_roles([stack(role("r", AssumeRolePolicyDocument=trust))])
    providers = module.load_providers([], roles.values())
    assert list(providers) == [existing]
    assert providers[existing].host == "token.actions.githubusercontent.com"


def test_trust_is_the_role_s_own(iam):
    """A role trusts the subject in its template, for the provider in its template."""
    host = "token.actions.githubusercontent.com"
    provider = iam.providers[iam_arn(f"oidc-provider/{host}")]
    claims = {
        f"{host}:aud": "sts.amazonaws.com",
        f"{host}:sub": "repo:octo-org@1000001/django-crud-app@2000002:environment:staging",
        f"{host}:repository_id": "2000002",
        f"{host}:ref": "refs/heads/main",
    }
    assert iam.trusts(iam.roles["django-crud-app-staging-release"], provider, claims).allowed
    assert not iam.trusts(iam.roles["django-crud-app-build"], provider, claims).allowed
    stranger = OidcProvider(iam_arn("oidc-provider/example.com"), "example.com", ())
    assert not iam.trusts(iam.roles["django-crud-app-staging-release"], stranger, claims).allowed


@pytest.mark.parametrize(
    ("service", "allowed"), [("codebuild.amazonaws.com", True), ("ecs-tasks.amazonaws.com", False)]
)
def test_role_is_lent_to_its_service(judge, service, allowed):
    """A role that trusts a service is lent to that service only."""
    iam = Iam([stack(role("r"))], judge)
    project = arn("codebuild", "project/build")
    assert iam.lends(iam.roles["r"], service, project).allowed is allowed
