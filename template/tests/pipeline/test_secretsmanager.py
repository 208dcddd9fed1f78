"""The secrets of the templates: what they begin with, and how they change."""

import json

import pytest

from template.rehearsal import project
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.secretsmanager import SecretsManager
from template.tests.pipeline.stages import checked

ROLES = project.deploy()["staging-roles"]
DATABASE = project.deploy()["staging-database"]
CONFIG = ROLES.outputs["ConfigSecretArn"]


@pytest.fixture
def secrets():
    """The secrets of staging."""
    return SecretsManager([ROLES, DATABASE])


def get(secrets, **params):
    """What GetSecretValue answers for the stage's variables."""
    return checked(secrets, "GetSecretValue", {"SecretId": CONFIG, **params})


def put(secrets, value, **params):
    """Put a value of the stage's variables, not current yet; the version."""
    given = {"SecretId": CONFIG, "SecretString": value, "VersionStages": ["NEXT"], **params}
    return checked(secrets, "PutSecretValue", given)["VersionId"]


def move(secrets, to, before):
    """Let another version be the current one."""
    given = {"SecretId": CONFIG, "VersionStage": "AWSCURRENT", "MoveToVersionId": to}
    checked(secrets, "UpdateSecretVersionStage", {**given, "RemoveFromVersionId": before})


def test_secrets_begin_as_the_templates_say(secrets):
    """The variables are an empty object, the database has a user and a password."""
    assert get(secrets)["SecretString"] == "{}"
    database = json.loads(secrets.value(DATABASE.outputs["DatabaseSecretArn"]))
    assert database["username"] == "app"
    assert len(database["password"]) >= 50
    key = secrets.value(DATABASE.outputs["SecretKeyArn"])
    assert secrets.values() == {database["password"], key}


def test_value_of_a_key(secrets):
    """A container gets one member of the object, or the whole of it."""
    arn = DATABASE.outputs["DatabaseSecretArn"]
    assert secrets.value(f"{arn}:username::") == "app"
    assert json.loads(secrets.value(arn)).keys() == {"username", "password"}
    with pytest.raises(LookupError):
        secrets.value(f"{arn}:nothing::")


def test_secret_of_a_project_itself_has_one_value(secrets):
    """A secret that no template creates has a value, the same each time."""
    arn = CONFIG.replace("roles", "elsewhere")
    assert secrets.value(arn) == secrets.value(arn) != secrets.value(f"{arn}2")


def test_put_replaces_the_value(secrets):
    """The new version is the current one, and both are known."""
    first = get(secrets)["VersionId"]
    secrets.put(CONFIG, json.dumps({"A": "a value to look for", "B": "short"}))
    found = get(secrets)
    assert json.loads(found["SecretString"])["B"] == "short"
    assert found["VersionStages"] == ["AWSCURRENT"]
    assert get(secrets, VersionStage="AWSPREVIOUS")["VersionId"] == first != found["VersionId"]
    assert "a value to look for" in secrets.values()
    assert "short" not in secrets.values()


def test_version_becomes_current_by_its_label(secrets):
    """A version that is put beside is read once the label moves to it."""
    before = get(secrets)["VersionId"]
    token = "0" * 32
    assert put(secrets, '{"A": "1"}', ClientRequestToken=token) == token
    assert get(secrets)["SecretString"] == "{}"
    move(secrets, token, before)
    assert get(secrets)["SecretString"] == '{"A": "1"}'


def test_label_that_somebody_else_has_moved_stays(secrets):
    """Who names another version than the current one changes nothing."""
    before = get(secrets)["VersionId"]
    mine, other = put(secrets, '{"A": "1"}'), put(secrets, '{"A": "2"}')
    move(secrets, other, before)
    with pytest.raises(AwsError, match="currently attached") as refusal:
        move(secrets, mine, before)
    assert refusal.value.code == "InvalidParameterException"
    assert get(secrets)["VersionId"] == other


def test_what_is_not_there_is_refused(secrets):
    """Unknown secrets, versions, labels and operations have AWS's errors."""
    missing = f"{CONFIG}0"
    for operation, params in (
        ("GetSecretValue", {"SecretId": missing}),
        ("GetSecretValue", {"SecretId": CONFIG, "VersionStage": "NEXT"}),
        ("PutSecretValue", {"SecretId": missing, "SecretString": "x"}),
    ):
        with pytest.raises(AwsError) as refusal:
            secrets.call(operation, params)
        assert refusal.value.code == "ResourceNotFoundException"
    with pytest.raises(AwsError, match="specified version"):
        move(secrets, "1" * 32, get(secrets)["VersionId"])
    with pytest.raises(AwsError, match="does not play DeleteSecret"):
        secrets.authorizations("DeleteSecret", {"SecretId": CONFIG})
