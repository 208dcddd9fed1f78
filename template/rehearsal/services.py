"""The tasks of a stage as real containers: their login, their secrets and their database."""

import contextlib
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from template.rehearsal import postgresql_image, processes
from template.rehearsal.aws.s3 import serve_bucket
from template.rehearsal.aws.sessions import Session
from template.rehearsal.cloud import Cloud
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecs.containers import Containers
from template.rehearsal.machine import MachineError

POSTGRESQL = "public.ecr.aws/docker/library/postgres:18-trixie"
USER, DATABASE = "app", "app"
PATIENCE = 180.0  # seconds that the database server may take to start


@contextlib.contextmanager
def run_containers(
    cloud: Cloud, stack: Stack, environment: Mapping[str, str]
) -> Iterator[Containers]:
    """Run the tasks of a stage with Docker while the context lasts, and leave nothing behind.

    They are pulled with a login of the task definition's execution role, and get the secrets
    that this role may read. A PostgreSQL server of the stage's own takes the place of RDS, and
    a bucket of moto's that of S3. Raises MachineError when the server does not start.
    """
    (definition,) = stack.of_type("AWS::ECS::TaskDefinition").values()
    role = definition.properties["ExecutionRoleArn"].rpartition("/")[2]
    name = f"{environment['COMPOSE_PROJECT_NAME']}-{secrets.token_hex(8)}"
    options = ["--network", name]
    with tempfile.TemporaryDirectory(prefix="ecs-login-") as folder:
        config = {**environment, "DOCKER_CONFIG": folder}
        _log_in(cloud, cloud.sessions.issue(role, "ecs"), config)
        read = partial(readable_secret, cloud, role)
        with Containers(
            Path(folder), _replaced(name), options, health_path(stack), read
        ) as containers:
            user = {"USER": USER, "PASSWORD": secrets.token_hex(16)}
            for each in definition.properties["ContainerDefinitions"][0]["Secrets"]:
                if each["Name"] in ("PGUSER", "PGPASSWORD"):
                    user[each["Name"].removeprefix("PG")] = cloud.secrets.value(each["ValueFrom"])
            gateway = _create_network(containers, name)
            _start_database(containers, name, user, environment)
            with _bucket(cloud, definition.properties, gateway) as variables:
                containers.environment = {**containers.environment, **variables}
                yield containers


def _replaced(server: str) -> dict[str, str]:
    """What AWS has and the rehearsal has not: a load balancer's name, a server that speaks TLS."""
    return {
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PGHOST": server,
        "PGDATABASE": DATABASE,
        "PGSSLMODE": "disable",
    }


def _create_network(containers: Containers, name: str) -> str:
    """Create the network of a stage; the address that its containers know this machine by."""
    containers.docker("network", "create", "--label", containers.label, name)
    shown = "--format={{(index .IPAM.Config 0).Gateway}}"
    return containers.docker("network", "inspect", shown, name).stdout.strip()


@contextlib.contextmanager
def _bucket(
    cloud: Cloud, definition: Mapping[str, Any], gateway: str
) -> Iterator[Mapping[str, str]]:
    """Serve the bucket that a task definition names, if any; the variables that lead there.

    Where Docker runs in a virtual machine the address is not this machine's: there is no bucket.
    """
    given = definition["ContainerDefinitions"][0]["Environment"]
    named = [each["Value"] for each in given if each["Name"] == "AWS_STORAGE_BUCKET_NAME"]
    with contextlib.ExitStack() as exits:
        variables = {}
        for name in named:
            guard, sessions = cloud.aws.guard, cloud.sessions
            with contextlib.suppress(OSError):
                endpoint = exits.enter_context(serve_bucket(name, guard, sessions, gateway))
                session = sessions.issue(definition["TaskRoleArn"].rpartition("/")[2], "ecs")
                variables = {**session.environment(), "AWS_ENDPOINT_URL_S3": f"http://{endpoint}"}
        yield variables


def _start_database(
    containers: Containers, name: str, user: Mapping[str, str], environment: Mapping[str, str]
) -> None:
    """Start a database server under a name, in the network of that name, with their label.

    `user` has USER and PASSWORD.
    """
    docker, label = containers.docker, ["--label", containers.label]
    variables = {f"POSTGRES_{key}": value for key, value in {**user, "DB": DATABASE}.items()}
    given = [f"--env={key}" for key in variables]  # not the value, which others see as an argument
    postgresql_image.stand_in([POSTGRESQL], environment)
    place = ("--name", name, "--network", name)
    started = docker("run", "--detach", *label, *place, *given, POSTGRESQL, **variables)
    if started.returncode:
        raise MachineError(f"The database server of a stage did not start: {started.stdout}")
    deadline = time.monotonic() + PATIENCE
    who = f"--username={user['USER']}"
    asked = ("pg_isready", "--host=127.0.0.1", who, f"--dbname={DATABASE}")
    while docker("exec", name, *asked).returncode:
        if time.monotonic() > deadline:
            said = docker("logs", name).stdout
            raise MachineError(f"The database server of a stage does not answer. It says:\n{said}")
        time.sleep(0.2)


def health_path(stack: Stack) -> str:
    """The path at which the load balancer asks a stage's tasks how they are."""
    (group,) = stack.of_type("AWS::ElasticLoadBalancingV2::TargetGroup").values()
    return group.properties["HealthCheckPath"]


def readable_secret(cloud: Cloud, role: str, value_from: str) -> str | None:
    """The value of a secret now, or None where the role may not read it."""
    arn = ":".join(value_from.split(":")[:7])  # of ARN:key:stage:version
    if not cloud.iam.allowed(role, "secretsmanager:GetSecretValue", arn).allowed:
        return None
    return cloud.secrets.value(value_from)


def _log_in(cloud: Cloud, session: Session, environment: Mapping[str, str]) -> None:
    """Log Docker in as ECS's agent does; without the permission, the pulls will fail."""
    of_role = {**environment, **cloud.environment(session)}
    asked = ["aws", "ecr", "get-login-password"]
    password = processes.run(asked, env=of_role, capture_output=True, check=False).stdout
    login = ["docker", "login", "--username", "AWS", "--password-stdin", cloud.front.endpoint]
    processes.run(login, env=of_role, input=password, capture_output=True, check=False)
