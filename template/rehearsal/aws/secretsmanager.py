"""AWS Secrets Manager: the secrets that the templates create, with versions and their stages.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

import json
import secrets
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.cloudformation.templates import Resource, Stack

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
SHORTEST = 16  # characters of a text that is looked for as a secret

Params = dict[str, Any]


@dataclass
class Version:
    """A version of a secret, with the labels that name it."""

    value: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    stages: set[str] = field(default_factory=set)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


class SecretsManager:
    """The service `secretsmanager` of the AWS double; safe for threads.

    A secret that no stack declares, such as one that a project brings along, has one value.
    """

    name = "secretsmanager"

    def __init__(self, stacks: Iterable[Stack]):
        declared = (
            each
            for stack in stacks
            for each in stack.of_type("AWS::SecretsManager::Secret").values()
        )
        self._secrets = {each.id: [_first(_created(each))] for each in declared}
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[Params], dict]] = {
            "GetSecretValue": self._get,
            "PutSecretValue": self._put,
            "UpdateSecretVersionStage": self._move,
        }

    def authorizations(self, operation: str, params: Params) -> list[Authorization]:
        """The operation itself, on its secret. Raises AwsError for one that is not played."""
        if operation not in self._operations:
            raise AwsError(
                "UnknownOperationException",
                f"The rehearsal's Secrets Manager does not play {operation}.",
            )
        return [Authorization(f"secretsmanager:{operation}", params["SecretId"])]

    def call(self, operation: str, params: Params) -> dict:
        """Make a call of `authorizations`; the output is in the API's shape. Raises AwsError."""
        with self._lock:
            return self._operations[operation](params)

    def put(self, secret: str, value: str) -> None:
        """Give a secret, by its ARN, another value."""
        self.call("PutSecretValue", {"SecretId": secret, "SecretString": value})

    def value(self, value_from: str) -> str:
        """What a container gets for the `valueFrom` of a secret, `ARN:key:stage:version`.

        An ARN has seven fields. Raises LookupError for a key that the secret does not have.
        """
        fields = value_from.split(":")
        arn, key = ":".join(fields[:7]), "".join(fields[7:8])
        with self._lock:
            versions = self._secrets.setdefault(arn, [_first(_random())])
            value = _staged(versions, CURRENT).value
        return json.loads(value)[key] if key else value

    def values(self) -> set[str]:
        """Every text in any version that is long enough to be recognized elsewhere."""
        with self._lock:
            texts = {
                text
                for versions in self._secrets.values()
                for version in versions
                for text in _texts(version.value)
            }
        return {text for text in texts if len(text) >= SHORTEST}

    def _versions(self, params: Params) -> list[Version]:
        if params["SecretId"] not in self._secrets:
            raise AwsError(
                "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
            )
        return self._secrets[params["SecretId"]]

    def _get(self, params: Params) -> dict:
        found = _staged(self._versions(params), params.get("VersionStage", CURRENT))
        return {
            **_named(params),
            "VersionId": found.id,
            "SecretString": found.value,
            "VersionStages": sorted(found.stages),
            "CreatedDate": found.created,
        }

    def _put(self, params: Params) -> dict:
        versions = self._versions(params)
        new = Version(params["SecretString"])
        new.id = params.get("ClientRequestToken", new.id)
        versions.append(new)
        for stage in params.get("VersionStages", [CURRENT]):
            _label(versions, stage, new)
        return {**_named(params), "VersionId": new.id, "VersionStages": sorted(new.stages)}

    def _move(self, params: Params) -> dict:
        versions, stage = self._versions(params), params["VersionStage"]
        holder = _staged(versions, stage)
        if params.get("RemoveFromVersionId") != holder.id:
            raise AwsError(
                "InvalidParameterException",
                f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is"
                f" currently attached to version {holder.id}, so you must explicitly reference"
                " that version in RemoveFromVersionId.",
            )
        _label(versions, stage, _by_id(versions, params["MoveToVersionId"]))
        return _named(params)


def _named(params: Params) -> dict:
    arn = params["SecretId"]
    return {"ARN": arn, "Name": arn.rpartition(":")[2].rpartition("-")[0]}


def _staged(versions: list[Version], stage: str) -> Version:
    """The version with a label. Raises AwsError where there is none."""
    for version in versions:
        if stage in version.stages:
            return version
    raise AwsError(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: " + stage,
    )


def _by_id(versions: list[Version], wanted: str) -> Version:
    for version in versions:
        if version.id == wanted:
            return version
    raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified version.")


def _label(versions: list[Version], stage: str, version: Version) -> None:
    """Give a version a label that another one may have, which becomes the previous one then."""
    for each in versions:
        if stage == CURRENT and stage in each.stages and each is not version:
            _label(versions, PREVIOUS, each)
        each.stages.discard(stage)
    version.stages.add(stage)


def _first(value: str) -> Version:
    return Version(value, stages={CURRENT})


def _created(resource: Resource) -> str:
    """The value that CloudFormation gives a new secret."""
    properties = resource.properties
    if "SecretString" in properties:
        return properties["SecretString"]
    generated = properties.get("GenerateSecretString", {})
    if "GenerateStringKey" not in generated:
        return _random()
    template = json.loads(generated["SecretStringTemplate"])
    return json.dumps({**template, generated["GenerateStringKey"]: _random()})


def _random() -> str:
    return secrets.token_urlsafe(50)


def _texts(value: str) -> Iterator[str]:
    """The texts of a secret: those in its JSON object, else itself."""
    try:
        content = json.loads(value)
    except ValueError:
        content = value
    members = content.values() if isinstance(content, Mapping) else [value]
    return (each for each in members if isinstance(each, str))
