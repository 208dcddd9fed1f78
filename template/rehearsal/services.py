"""The service of a stage as real containers: their login, their secrets and their database."""

import contextlib
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from template.rehearsal import processes
from template.rehearsal.aws.sessions import Session
from template.rehearsal.cloud import Cloud
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecs.containers import Containers

# The folder of the image that anybody may write to: a volume there keeps its rights.
SHARED = "/tmp"  # noqa: S108 - a path inside the containers
# What AWS has and the rehearsal has not: a load balancer's name, and a database server.
REPLACED = {
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "DATABASE_URL": f"sqlite:///{SHARED}/database.sqlite3",
}


@contextlib.contextmanager
def run_containers(
    cloud: Cloud, stack: Stack, environment: Mapping[str, str]
) -> Iterator[Containers]:
    """Run the tasks of a stage with Docker while the context lasts, and leave nothing behind.

    They are pulled with a login of the task definition's execution role, and get the secrets
    that this role may read. All of them share a database in a volume.
    """
    (definition,) = stack.of_type("AWS::ECS::TaskDefinition").values()
    role = definition.properties["ExecutionRoleArn"].rpartition("/")[2]
    volume = f"{environment['COMPOSE_PROJECT_NAME']}-{secrets.token_hex(8)}"
    options = ["--volume", f"{volume}:{SHARED}"]
    with tempfile.TemporaryDirectory(prefix="ecs-login-") as folder:
        config = {**environment, "DOCKER_CONFIG": folder}
        _log_in(cloud, cloud.sessions.issue(role, "ecs"), config)
        given = {**readable_secrets(cloud, role, definition.properties), **REPLACED}
        with Containers(Path(folder), given, options, health_path(stack)) as containers:
            # Made here, because one that `docker run` makes has no label to be found by.
            containers.docker("volume", "create", "--label", containers.label, volume)
            yield containers


def health_path(stack: Stack) -> str:
    """The path at which the load balancer asks a stage's tasks how they are."""
    (group,) = stack.of_type("AWS::ElasticLoadBalancingV2::TargetGroup").values()
    return group.properties["HealthCheckPath"]


def readable_secrets(cloud: Cloud, role: str, definition: dict[str, Any]) -> dict[str, str]:
    """Values for those secrets of a task definition that the role may read."""
    return {
        secret["Name"]: secrets.token_urlsafe(50)
        for container in definition["ContainerDefinitions"]
        for secret in container["Secrets"]
        if cloud.iam.allowed(
            role, "secretsmanager:GetSecretValue", _secret_arn(secret["ValueFrom"])
        ).allowed
    }


def _secret_arn(value_from: str) -> str:
    """The secret in `ARN:key:stage:version`, of which an ARN is the first seven fields."""
    return ":".join(value_from.split(":")[:7])


def _log_in(cloud: Cloud, session: Session, environment: Mapping[str, str]) -> None:
    """Log Docker in as ECS's agent does; without the permission, the pulls will fail."""
    of_role = {**environment, **cloud.environment(session)}
    asked = ["aws", "ecr", "get-login-password"]
    password = processes.run(asked, env=of_role, capture_output=True, check=False).stdout
    login = ["docker", "login", "--username", "AWS", "--password-stdin", cloud.front.endpoint]
    processes.run(login, env=of_role, input=password, capture_output=True, check=False)
