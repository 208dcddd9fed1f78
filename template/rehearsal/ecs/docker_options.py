"""What ECS does with a container definition, as options of `docker run`.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from template.rehearsal.ecs.launching import Order

STOP_SECONDS = 30


def docker_options(order: Order, environment: Mapping[str, str]) -> list[str]:
    """The options, the image and the command.

    `environment` stands in for what only AWS has, and wins over the definition's variables. A
    secret's value is not among the options, which others see in a list of processes: `docker`
    takes it from its own environment.
    """
    container = order.container
    return [
        *_limits(container, order.definition),
        *_health(container),
        *_rights(container),
        *_each("--env", _variables(container, environment)),
        *_each("--env", [name for name in secret_names(order) if name not in environment]),
        *_each("--publish", _ports(container)),
        *_each("--volume", [each["containerPath"] for each in container.get("mountPoints", [])]),
        *_each("--entrypoint", container.get("entryPoint", [])[:1]),
        order.image,
        *container.get("entryPoint", [])[1:],
        *container.get("command", []),
    ]


def secret_names(order: Order) -> dict[str, str]:
    """The container's secrets: what each is called, and where ECS finds its value."""
    return {each["name"]: each["valueFrom"] for each in order.container.get("secrets", [])}


def stop_seconds(order: Order) -> int:
    """How long the container may take between SIGTERM and SIGKILL."""
    return order.container.get("stopTimeout", STOP_SECONDS)


def _limits(container: dict[str, Any], definition: dict[str, Any]) -> list[str]:
    init = container.get("linuxParameters", {}).get("initProcessEnabled")
    memory = f"{definition['memory']}m"
    # Fargate has no swap space.
    limits = [f"--memory={memory}", f"--memory-swap={memory}"]
    return [*limits, *(["--init"] if init else [])]


def _rights(container: dict[str, Any]) -> list[str]:
    capabilities = container.get("linuxParameters", {}).get("capabilities", {})
    controls = container.get("systemControls", [])
    return [
        *(["--read-only"] if container.get("readonlyRootFilesystem") else []),
        *([f"--user={container['user']}"] if "user" in container else []),
        *_each("--cap-drop", capabilities.get("drop", [])),
        *_each("--sysctl", [f"{each['namespace']}={each['value']}" for each in controls]),
    ]


def _health(container: dict[str, Any]) -> list[str]:
    """The check of the definition; ECS ignores that of the image."""
    check = container.get("healthCheck")
    if not check:
        return ["--no-healthcheck"]
    kind, *command = check["command"]
    seconds = {"interval": 30, "timeout": 5, "startPeriod": 0} | check
    return [
        f"--health-cmd={command[0] if kind == 'CMD-SHELL' else shlex.join(command)}",
        f"--health-interval={seconds['interval']}s",
        f"--health-timeout={seconds['timeout']}s",
        f"--health-retries={check.get('retries', 3)}",
        f"--health-start-period={seconds['startPeriod']}s",
    ]


def _variables(container: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    own = {each["name"]: each["value"] for each in container.get("environment", [])}
    return [f"{name}={value}" for name, value in {**own, **environment}.items()]


def _ports(container: dict[str, Any]) -> list[str]:
    return [f"127.0.0.1::{each['containerPort']}" for each in container.get("portMappings", [])]


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [part for value in values for part in (option, value)]
