"""The templates read alike: one order, whole sentences, bounds, and nothing unnamed."""

import re

import pytest

from template.rehearsal.project import INFRA
from template.tests.infra.cloudformation import (
    SWITCHED,
    TEMPLATES,
    listed,
    resources,
    statements,
)

SECTIONS = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
]
BOUNDS = {"AllowedValues", "AllowedPattern", "MinValue"}
# When it is deleted, and when it is replaced. `Retain` would leave it behind when its first
# creation is undone, where nobody has used it yet.
DECIDED = {
    (None, None),
    ("Delete", "Delete"),
    ("Delete", "Retain"),
    ("RetainExceptOnCreate", "Retain"),
    ("Snapshot", "Retain"),
}
STATEFUL = {
    "AWS::CertificateManager::Certificate",
    "AWS::ECR::Repository",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::IAM::OIDCProvider",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::Route53::RecordSet",
    "AWS::S3::Bucket",
    "AWS::SES::EmailIdentity",
    "AWS::SecretsManager::Secret",
}
# Actions for which AWS knows no narrower resource in the way that they are called here:
# https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTasks",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}

PARAMETERS = [
    pytest.param(name, body, id=f"{template}.{name}")
    for template, content in TEMPLATES.items()
    for name, body in content["Parameters"].items()
]
RESOURCES = [pytest.param(body, id=name) for name, body in resources()]
STATEMENTS = [pytest.param(statement, id=name) for name, statement in statements()]


def sentence(text: str) -> bool:
    """Whether a text begins with a capital, a digit or a path and ends in a full stop."""
    return re.fullmatch(r"[A-Z0-9/].*\.", text) is not None


@pytest.mark.parametrize("name", TEMPLATES)
def test_sections_stand_in_one_order(name):
    """Sections stand in the same order in every template, with a purpose on top."""
    template = TEMPLATES[name]
    assert list(template) == [section for section in SECTIONS if section in template]
    assert re.match(rf"{name.title()}: .+[^.]$", template["Description"], re.IGNORECASE)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_form_asks_for_every_parameter_once(name):
    """The console's form groups every parameter, none of them twice, and not too many."""
    groups = TEMPLATES[name]["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [parameter for group in groups for parameter in group["Parameters"]]
    assert grouped == list(dict.fromkeys(grouped))
    assert set(grouped) == set(TEMPLATES[name]["Parameters"])
    assert len(grouped) <= 26
    assert all(group["Label"]["default"] for group in groups)


@pytest.mark.parametrize(("name", "body"), PARAMETERS)
def test_parameters_explain_themselves(name, body):
    """A parameter has a sentence that begins with Optional exactly when it may be empty."""
    assert sentence(body["Description"])
    assert body["Description"].startswith("Optional ") == (body.get("Default") == "")


@pytest.mark.parametrize(("name", "body"), PARAMETERS)
def test_parameters_are_bounded(name, body):
    """A parameter refuses nonsense, saying what it wants, unless AWS checks its type itself."""
    assert BOUNDS & set(body) or "AWS::" in body["Type"]
    assert ("AllowedPattern" in body) == ("ConstraintDescription" in body)
    assert ("MinValue" in body) == ("MaxValue" in body)
    assert sentence(body.get("ConstraintDescription", "None."))


@pytest.mark.parametrize(("name", "body"), PARAMETERS)
def test_a_parameter_is_the_same_everywhere(name, body):
    """A parameter that several templates take has the same type and bounds in each."""
    for content in TEMPLATES.values():
        other = content["Parameters"].get(name, body)
        assert {**other, "Description": ""} == {**body, "Description": ""}


@pytest.mark.parametrize("name", TEMPLATES)
def test_conditions_read_as_english(name):
    """Conditions are called Has..., and are used."""
    text = (INFRA / f"{name}.yml").read_text()
    for condition in TEMPLATES[name].get("Conditions", {}):
        assert condition.startswith("Has")
        assert len(re.findall(rf"\b{condition}\b", text)) > 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_resource_has_its_sentence(name):
    """The line above a resource says in one sentence what it is for."""
    lines = (INFRA / f"{name}.yml").read_text().splitlines()
    for logical_id in TEMPLATES[name]["Resources"]:
        comment = lines[lines.index(f"  {logical_id}:") - 1]
        assert comment.startswith("  # "), logical_id
        assert sentence(comment[4:]), logical_id


@pytest.mark.parametrize("name", TEMPLATES)
def test_outputs_are_described_and_exported(name):
    """Every output has a sentence and is exported under the stack's name and its own."""
    for output, body in TEMPLATES[name]["Outputs"].items():
        assert sentence(body["Description"])
        assert body["Export"]["Name"] == {"Fn::Sub": f"${{AWS::StackName}}-{output}"}


@pytest.mark.parametrize("body", RESOURCES)
def test_deletion_is_decided(body):
    """What holds state says what becomes of it, and leaves nothing of a creation that fails."""
    policies = body.get("DeletionPolicy"), body.get("UpdateReplacePolicy")
    assert policies in DECIDED
    assert ("DeletionPolicy" in body) == (body["Type"] in STATEFUL)


@pytest.mark.parametrize("body", RESOURCES)
def test_exceptions_have_reasons(body):
    """A rule of checkov's is skipped for one resource and for a reason; cfn-lint's never."""
    metadata = body.get("Metadata", {})
    assert "cfn-lint" not in metadata
    for exception in metadata.get("checkov", {}).get("skip", []):
        assert re.fullmatch(r"CKV\d?_AWS_\d+", exception["id"])
        assert sentence(exception["comment"])


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_name_what_they_allow(statement):
    """A statement has a Sid, and one that allows names its actions in full."""
    assert re.fullmatch(r"[A-Z][A-Za-z]+", statement["Sid"])
    assert set(statement) <= {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if statement["Effect"] == "Allow":
        assert not [action for action in listed(statement["Action"]) if "*" in action]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_name_their_resources(statement):
    """Only actions that AWS knows no resource for are allowed on every resource."""
    if "*" in listed(statement.get("Resource")):
        assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE


@pytest.mark.parametrize("name", TEMPLATES)
def test_sids_are_unique_in_their_document(name):
    """No two statements of one resource share a Sid."""
    ids = [sid for sid, _ in statements() if sid.startswith(f"{name}.")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", TEMPLATES)
def test_arns_belong_to_every_partition(name):
    """No ARN is written for one partition of AWS only."""
    assert "arn:aws:" not in (INFRA / f"{name}.yml").read_text()


def test_what_one_template_puts_out_is_what_another_takes():
    """A required parameter bears the name of the output that it comes from, or people choose it."""
    chosen = {"Stage", "GitHubOwner", "GitHubOwnerId", "GitHubRepository", "GitHubRepositoryId"}
    chosen |= set(SWITCHED)
    given = {output for template in TEMPLATES.values() for output in template["Outputs"]}
    stages = {f"{stage}{output}" for stage in ("Staging", "Production") for output in given}
    for template in TEMPLATES.values():
        required = {name for name, body in template["Parameters"].items() if "Default" not in body}
        assert required <= given | stages | chosen | {"ConnectionArn"}
