"""What becomes of a container definition when Docker runs it."""

import pytest

from template.rehearsal.ecs.docker_options import docker_options, secret_names, stop_seconds
from template.rehearsal.ecs.launching import Order

IMAGE = "127.0.0.1:5000/app@sha256:1"
LIMITS = ["--memory=512m", "--memory-swap=512m"]
PLAIN = [*LIMITS, "--no-healthcheck"]


def order(**container):
    """An order for a container."""
    return Order(0, "1", "family:app", IMAGE, container, {"memory": "512"})


def test_plain_container():
    """A container without wishes has the memory of its task, and no check of the image's own."""
    assert docker_options(order(), {}) == [*PLAIN, IMAGE]


def test_rights():
    """User, capabilities, kernel parameters, root file system and init process are as declared."""
    container = order(
        readonlyRootFilesystem=True,
        user="10001",
        linuxParameters={"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        systemControls=[{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "80"}],
    )
    assert docker_options(container, {}) == [
        *LIMITS,
        "--init",
        "--no-healthcheck",
        "--read-only",
        "--user=10001",
        "--cap-drop",
        "ALL",
        "--sysctl",
        "net.ipv4.ip_unprivileged_port_start=80",
        IMAGE,
    ]


def test_variables():
    """What stands in for AWS wins over the definition's own variables."""
    container = order(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    options = docker_options(container, {"B": "3", "C": "4"})
    assert options[3:-1] == ["--env", "A=1", "--env", "B=3", "--env", "C=4"]


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        (["CMD-SHELL", "exit 0"], "exit 0"),
        (["CMD", "python", "-c", "pass # it lives"], "python -c 'pass # it lives'"),
    ],
    ids=["shell", "words"],
)
def test_health_check(command, asked):
    """The container's own check is Docker's, with the defaults of ECS."""
    check = {"command": command, "interval": 20, "startPeriod": 5}
    assert docker_options(order(healthCheck=check), {})[2:-1] == [
        f"--health-cmd={asked}",
        "--health-interval=20s",
        "--health-timeout=5s",
        "--health-retries=3",
        "--health-start-period=5s",
    ]


def test_ports_and_volumes():
    """Ports are published on loopback only, mount points are volumes of their own."""
    container = order(
        portMappings=[{"containerPort": 80}], mountPoints=[{"containerPath": "/data"}]
    )
    options = docker_options(container, {})
    assert options[3:-1] == ["--publish", "127.0.0.1::80", "--volume", "/data"]


def test_command():
    """The entry point's further words come before the command, after the image."""
    options = docker_options(order(entryPoint=["python", "-u"], command=["manage.py"]), {})
    assert options[3:] == ["--entrypoint", "python", IMAGE, "-u", "manage.py"]


def test_secrets_are_no_arguments():
    """Docker takes a secret's value from its own environment, unless something stands in for it."""
    container = order(secrets=[{"name": "A", "valueFrom": "x"}, {"name": "B", "valueFrom": "y"}])
    assert secret_names(container) == {"A": "x", "B": "y"}
    assert docker_options(container, {"A": "1"})[3:-1] == ["--env", "A=1", "--env", "B"]


def test_stop_timeout():
    """A container has 30 seconds to stop, unless it is declared otherwise."""
    assert (stop_seconds(order()), stop_seconds(order(stopTimeout=60))) == (30, 60)
