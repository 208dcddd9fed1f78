"""RunTask: what it refuses, and what it starts."""

import secrets
from typing import Any

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.ecs.clusters import Cluster
from template.rehearsal.ecs.images import Images, pinned
from template.rehearsal.ecs.launching import Order, Refusal
from template.rehearsal.ecs.tasks import Task
from template.rehearsal.ecs.timelines import unpullable

Params = dict[str, Any]
PLAYED = {
    "capacityProviderStrategy",
    "clientToken",  # the AWS CLI sends one; nothing is asked twice here
    "cluster",
    "count",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "group",
    "launchType",
    "networkConfiguration",
    "overrides",
    "platformVersion",
    "propagateTags",
    "startedBy",
    "tags",
    "taskDefinition",
}


def run_tasks(
    cluster: Cluster, definition: dict[str, Any], params: Params, images: Images, now: float
) -> list[Task | Refusal]:
    """Start as many tasks as were asked for. Raises AwsError for what ECS refuses as a whole."""
    if unplayed := set(params) - PLAYED:
        raise AwsError(
            "UnsupportedFeatureException",
            f"The rehearsal's RunTask does not play {', '.join(sorted(unplayed))}.",
        )
    _check_place(params)
    container = _overridden(definition["containerDefinitions"][0], params.get("overrides", {}))
    digest = images.digest(container["image"])

    def start() -> Task | Refusal:
        order = Order(
            now,
            secrets.token_hex(16),
            params.get("group", f"family:{definition['family']}"),
            pinned(container["image"], digest),
            container,
            definition,
        )
        run = cluster.launcher.run(order) if digest else unpullable(order)
        return run if isinstance(run, Refusal) else Task(order, run, cluster.arn, digest, params)

    return [start() for _ in range(params.get("count", 1))]


def _check_place(params: Params) -> None:
    provided = params.get("capacityProviderStrategy")
    if provided and "launchType" in params:
        raise AwsError(
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported."
            " Remove one and try again.",
        )
    if not provided and params.get("launchType", "EC2") == "EC2":
        raise AwsError(
            "InvalidParameterException", "No Container Instances were found in your cluster."
        )
    if "networkConfiguration" not in params:
        raise AwsError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )


def _overridden(container: dict[str, Any], overrides: Params) -> dict[str, Any]:
    result = dict(container)
    for override in overrides.get("containerOverrides", []):
        if override.get("name") != container["name"]:
            raise AwsError(
                "InvalidParameterException",
                f"Override for container named {override.get('name')} is not a container in the"
                " TaskDefinition.",
            )
        added = {each["name"]: each for each in override.get("environment", [])}
        kept = [each for each in container.get("environment", []) if each["name"] not in added]
        result |= {**override, "environment": [*kept, *added.values()]}
    return result
