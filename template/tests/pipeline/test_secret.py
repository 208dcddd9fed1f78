"""A stage's variables go into the secret by the real AWS CLI, and come back as they were."""

import json
from typing import Any

import pytest

from deploy import secret
from deploy.aws import Aws
from deploy.errors import SetupError
from template.rehearsal.aws.account import REGION, arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization

ARN = arn("secretsmanager", "secret:StageConfig-AbCdEf")
FIRST = "00000000-0000-4000-8000-000000000000"
VALUES = {
    "KEY": "-----BEGIN\nMIIE\n-----END\n",
    "NOTE": 'grün "quoted" \\ $HOME `id` \x7f 🐍',
    "EMPTY": "",
    "LONG": "x" * 60_000,
}


class Vault:
    """Secrets Manager with one secret, which anybody may use.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """

    name = "secretsmanager"

    def __init__(self) -> None:
        self.versions = {FIRST: "{}"}
        self.labels = {"AWSCURRENT": FIRST}
        self.calls: list[str] = []

    def authorizations(self, operation: str, params: dict[str, Any]) -> list[Authorization]:
        """Nothing is needed."""
        return []

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry a call out."""
        assert params["SecretId"] == ARN
        self.calls.append(operation)
        operations = {
            "GetSecretValue": self.get,
            "PutSecretValue": self.put,
            "UpdateSecretVersionStage": self.move,
        }
        return {"ARN": ARN} | operations[operation](params)

    def get(self, _: dict[str, Any]) -> dict[str, Any]:
        """Return the current version."""
        version = self.labels["AWSCURRENT"]
        return {"VersionId": version, "SecretString": self.versions[version]}

    def put(self, params: dict[str, Any]) -> dict[str, Any]:
        """Keep a version under labels."""
        version = params["ClientRequestToken"]
        self.versions[version] = params["SecretString"]
        self.labels |= dict.fromkeys(params["VersionStages"], version)
        return {"VersionId": version, "VersionStages": params["VersionStages"]}

    def move(self, params: dict[str, Any]) -> dict[str, Any]:
        """Move a label, if it is where it is said to be."""
        if self.labels[params["VersionStage"]] != params["RemoveFromVersionId"]:
            raise AwsError("InvalidParameterException", "RemoveFromVersionId can't be empty.")
        self.labels[params["VersionStage"]] = params["MoveToVersionId"]
        return {}


@pytest.fixture
def vault(doubles, monkeypatch):
    """The secret, where this process's AWS CLI finds it."""
    session = doubles.sessions.issue("django-crud-app-staging-release", "config")
    for name, value in doubles.environment(session).items():
        monkeypatch.setenv(name, value)
    vault = Vault()
    doubles.aws.add(vault)
    return vault


def test_values_arrive_as_they_are(vault):
    """Line ends, quotes, other alphabets, much text and nothing are written and read."""
    aws = Aws(REGION)
    secret.write(aws, ARN, secret.read(aws, ARN), VALUES)
    found = secret.read(aws, ARN)
    assert found.values == VALUES
    assert found.changed.keys() == VALUES.keys()
    assert found.by_hand is None
    assert vault.calls == [
        *("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "GetSecretValue"),
    ]
    assert set(map(type, json.loads(vault.versions[found.version]).values())) == {str}


def test_second_of_two_is_refused(vault):
    """Who read before somebody else wrote cannot write any more."""
    aws = Aws(REGION)
    before = secret.read(aws, ARN)
    secret.write(aws, ARN, before, {"A": "b"})
    with pytest.raises(SetupError, match="somebody else has changed"):
        secret.write(aws, ARN, before, {"C": "d"})
    assert secret.read(aws, ARN).values == {"A": "b"}
