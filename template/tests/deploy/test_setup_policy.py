"""PowerUserAccess and docs/setup-policy.json together are enough for setup, doctor and teardown."""

import json

import pytest

from deploy.parameters import TEMPLATES
from template.rehearsal.aws.account import iam_arn
from template.rehearsal.iam.judge import Judge
from template.rehearsal.project import NAME
from template.tests.deploy.templates import read_template

POLICY = json.loads((TEMPLATES.parents[1] / "docs" / "setup-policy.json").read_text())
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/PowerUserAccess.html
POWER_USER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "NotAction": ["iam:*", "organizations:*", "account:*"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": [
                "account:GetAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeOrganization",
            ],
            "Resource": "*",
        },
    ],
}
# What CloudFormation calls as whoever runs it, by type: the permissions of the handlers in each
# type's schema (`aws cloudformation describe-type --type RESOURCE --type-name ...`).
HANDLERS = {
    "AWS::IAM::Role": (
        *("CreateRole", "DeleteRole", "GetRole", "UpdateRole", "UpdateRoleDescription"),
        *("TagRole", "UntagRole", "UpdateAssumeRolePolicy", "PutRolePolicy", "GetRolePolicy"),
        *("DeleteRolePolicy", "ListRolePolicies", "AttachRolePolicy", "DetachRolePolicy"),
        *("ListAttachedRolePolicies", "PutRolePermissionsBoundary"),
        "DeleteRolePermissionsBoundary",
    ),
    "AWS::IAM::RolePolicy": ("PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy"),
    "AWS::IAM::ManagedPolicy": (
        *("CreatePolicy", "DeletePolicy", "GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy"),
        *("CreatePolicyVersion", "DeletePolicyVersion", "ListPolicyVersions", "TagPolicy"),
        "UntagPolicy",
    ),
    "AWS::IAM::OIDCProvider": (
        *("CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "GetOpenIDConnectProvider"),
        *("TagOpenIDConnectProvider", "UntagOpenIDConnectProvider"),
        *("AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"),
        "UpdateOpenIDConnectProviderThumbprint",
    ),
}
ROLE, ADMIN = iam_arn(f"role/{NAME}-build"), iam_arn("role/Admin")
NAMED = {
    "Role": ROLE,
    "Policy": iam_arn(f"policy/{NAME}-build"),
    "OpenIDConnect": iam_arn("oidc-provider/token.actions.githubusercontent.com"),
}


def resource_of(action):
    """Return what an action of IAM is checked on."""
    if "OpenIDConnect" in action:
        return NAMED["OpenIDConnect"]
    is_policy = action in HANDLERS["AWS::IAM::ManagedPolicy"]
    return NAMED["Policy" if is_policy else "Role"]


@pytest.fixture(scope="module")
def allowed():
    """Whether somebody with both policies, or with some of them, may make a call of IAM."""
    with Judge() as judge:

        def decide(action, resource, policies=(POWER_USER, POLICY), **context):
            return judge.decide(
                principal=iam_arn("user/dev"),
                action=f"iam:{action}",
                resource=resource,
                context=context,
                policies={str(number): policy for number, policy in enumerate(policies)},
            ).allowed

        yield decide


def made_calls(workplace):
    """Return service and action of every call of the AWS CLI that was let through."""
    return {
        (words[1], "".join(part.capitalize() for part in words[2].split("-")))
        for words, _ in workplace.desk.calls
        if words[0] == "aws" and words[1] not in ("--version", "configure")
    }


def iam_name(action):
    """Return an action of IAM as IAM writes it."""
    return action.replace("OpenIdConnect", "OpenIDConnect")


def test_every_call_is_allowed(healthy, allowed):
    """Whatever setup, doctor and teardown were seen to call is allowed."""
    called = set()
    healthy.write_stages(
        '[all.processes]\na = "b"\n[all.schedules]\nc = { command = "d", cron = "0 3 * * ? *" }\n'
    )
    for command in ("setup", "doctor", "teardown", "setup"):
        healthy.run(command)
        called |= made_calls(healthy)
    assert len(called) > 15
    for service, action in called:
        if service == "iam":
            name = iam_name(action)
            assert allowed(name, resource_of(name)), name
            assert not allowed(name, resource_of(name), policies=[POWER_USER]), "why it is there"
        assert service not in ("organizations", "account")
    services = {"iam", "cloudformation", "cloudwatch", "ecr", "ecs", "logs", "rds"}
    assert {service for service, _ in called} >= services


def test_every_resource_of_the_templates_can_be_made(allowed):
    """What CloudFormation calls in one's name for the templates' resources of IAM is allowed."""
    types = {
        resource["Type"]
        for template in TEMPLATES.glob("*.yml")
        for resource in read_template(template)["Resources"].values()
        if resource["Type"].startswith("AWS::IAM::")
    }
    assert types == set(HANDLERS)
    for actions in HANDLERS.values():
        for action in actions:
            assert allowed(action, resource_of(action)), action


@pytest.mark.parametrize(
    ("service", "lends"),
    [
        ("ecs-tasks.amazonaws.com", True),
        ("codebuild.amazonaws.com", True),
        ("codepipeline.amazonaws.com", True),
        ("scheduler.amazonaws.com", True),
        ("lambda.amazonaws.com", False),
        ("ec2.amazonaws.com", False),
    ],
)
def test_roles_are_lent_to_whom_they_are_for(allowed, service, lends):
    """The project's roles may be given to the services that the templates give them to."""
    assert allowed("PassRole", ROLE, **{"iam:PassedToService": service}) is lends
    assert not allowed("PassRole", ADMIN, **{"iam:PassedToService": service})


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *((action, ADMIN) for action in HANDLERS["AWS::IAM::Role"]),
        ("CreateUser", iam_arn("user/eve")),
        ("CreateAccessKey", iam_arn("user/eve")),
        ("AttachUserPolicy", iam_arn("user/dev")),
        ("CreatePolicyVersion", iam_arn("policy/company")),
        ("DeleteOpenIDConnectProvider", iam_arn("oidc-provider/example.com")),
        ("CreateOpenIDConnectProvider", iam_arn("oidc-provider/example.com")),
    ],
)
def test_nothing_else_of_iam(allowed, action, resource):
    """Nothing of IAM is allowed outside the project's names and GitHub's provider."""
    assert not allowed(action, resource)


def test_every_service_that_gets_a_role_is_named():
    """The policy lends roles to whom the templates' roles trust, and to nobody else."""
    trusted = {
        service
        for template in TEMPLATES.glob("*.yml")
        for resource in read_template(template)["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if (service := statement["Principal"].get("Service"))
    }
    [lend] = [one for one in POLICY["Statement"] if one["Sid"] == "LendRoles"]
    assert set(lend["Condition"]["StringEquals"]["iam:PassedToService"]) == trusted


def test_every_action_is_there_for_something():
    """The policy has no action that neither setup nor a template needs."""
    named = {action for actions in HANDLERS.values() for action in actions}
    read = {"PassRole", "ListRoleTags", "ListPolicyTags", "ListOpenIDConnectProviderTags"}
    written = set()
    for statement in POLICY["Statement"]:
        actions = statement["Action"]
        written |= {actions} if isinstance(actions, str) else set(actions)
    assert written == {f"iam:{name}" for name in named | read}
