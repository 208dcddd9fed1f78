"""The ARNs of ECS, and the short names that its API takes for them."""

import re

from template.rehearsal.aws.account import REGION, arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.sessions import caller

DEFINITION = re.compile(r"(?:arn:[\w-]+:ecs:[\w-]+:\d{12}:task-definition/)?([\w-]+)(?::(\d+))?")


def region() -> str:
    """The region that the call being answered was sent to."""
    current = caller.get(None)
    return current.region if current else REGION


def cluster_arn(identifier: str | None) -> str:
    """The ARN of a cluster given by name or ARN; nothing means the cluster `default`."""
    return _arn("cluster", identifier or "default")


def service_arn(cluster: str, identifier: str) -> str:
    """The ARN of a service given by name or ARN. Raises AwsError for another cluster's."""
    return _member("service", cluster, identifier)


def task_arn(cluster: str, identifier: str) -> str:
    """The ARN of a task given by id or ARN. Raises AwsError for another cluster's."""
    return _member("task", cluster, identifier)


def definition_arn(identifier: str) -> str:
    """The ARN of a task definition in the form given: with or without its revision."""
    return _arn("task-definition", identifier)


def parse_definition(identifier: str) -> tuple[str, int | None]:
    """The family and revision that a name or an ARN means. Raises AwsError for other texts."""
    found = DEFINITION.fullmatch(identifier)
    if not found:
        raise AwsError("InvalidParameterException", "Invalid Task Definition identifier.")
    return found[1], int(found[2]) if found[2] else None


def is_here(some_arn: str) -> bool:
    """Whether an ARN is of the region that the call was sent to."""
    return some_arn.split(":")[3] == region()


def short_name(some_arn: str) -> str:
    """The last part of an ARN."""
    return some_arn.rpartition("/")[2]


def _arn(kind: str, identifier: str) -> str:
    return (
        identifier
        if identifier.startswith("arn:")
        else arn("ecs", f"{kind}/{identifier}", region())
    )


def _member(kind: str, cluster: str, identifier: str) -> str:
    if not identifier.startswith("arn:"):
        return f"{cluster.replace(':cluster/', f':{kind}/')}/{identifier}"
    name = short_name(cluster)
    other = identifier.split("/")[-2]
    if other != name:
        raise AwsError(
            "InvalidParameterException",
            f"Identifier is for cluster {other}. Your cluster is {name}",
        )
    return identifier
