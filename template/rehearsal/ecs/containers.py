"""The launcher that runs every task as a real container of the local Docker Engine."""

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from template.rehearsal import docker_objects, machine, processes
from template.rehearsal.ecs.docker_options import docker_options, secret_names, stop_seconds
from template.rehearsal.ecs.launching import (
    HEALTHY,
    PENDING,
    RUNNING,
    STOPPED,
    UNHEALTHY,
    Change,
    Line,
    Order,
    Plan,
    Run,
    Stop,
)
from template.rehearsal.ecs.playback import KILLED
from template.rehearsal.ecs.timelines import EXITED, NO_SECRETS, OUT_OF_MEMORY, Playback

OOM_SECONDS = 1  # after its end Docker tells that a container was killed for its memory
CHECK_SECONDS = 5  # HealthCheckTimeoutSeconds of deploy/infra/stage.yml


class Docker:
    """The `docker` command with a configuration folder of its own."""

    def __init__(self, config: Path):
        # The address comes along, because it may be in the configuration that is left out.
        address = machine.docker_host()
        self.environment = {**os.environ, "DOCKER_HOST": address, "DOCKER_CONFIG": str(config)}

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it, with these variables in its environment; the output has both streams."""
        return processes.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environment, **variables},
            check=False,
        )


class Containers:
    """Runs tasks with Docker; a context manager that leaves nothing behind, safe for threads.

    `config` is the folder with Docker's login to the registry. `environment` stands in for what
    only AWS has, such as the address of the database, and wins over the task definition. `options`
    are further ones of `docker run`, such as a network. `secret` gives the value of a secret by its
    `valueFrom`, or None where ECS may not read it.
    """

    def __init__(
        self,
        config: Path,
        environment: Mapping[str, str],
        options: Sequence[str] = (),
        health_path: str = "/health/live",
        secret: Callable[[str], str | None] = lambda value_from: None,
    ):
        self.docker = Docker(config)
        self.environment = environment
        self.health_path = health_path
        self.secret = secret
        self.label = f"{docker_objects.LABEL}.tasks={secrets.token_hex(8)}"
        self.options = ["--detach", "--pull=never", "--label", self.label, *options]
        self._containers: dict[str, Container] = {}
        self._images: set[str] = set()
        self._closed = False
        self._starting = threading.Lock()

    def __enter__(self) -> "Containers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plan(self, *, rollback: bool) -> Plan:
        """The plan of a deployment, whose tasks have to pass their health checks."""
        return Plan(self._start)

    def run(self, order: Order) -> Run:
        """Start a task for RunTask."""
        return self._start(order)

    def address(self, task: str) -> str:
        """Where the container of a task answers. Raises LookupError when it does not run."""
        return f"http://{self._containers[task].address()}"

    def close(self) -> None:
        """Remove every container, volume and image that was made. Raises LeftBehindError.

        A task that is being started meanwhile is waited for, and another one never runs.
        """
        with self._starting:
            self._closed = True
        docker_objects.remove(f"label={self.label}", self.docker.environment)
        for image in self._images:
            removed = self.docker("image", "rm", image)
            if removed.returncode and self.docker("image", "inspect", image).returncode == 0:
                raise docker_objects.LeftBehindError(removed.stdout.strip())

    def _start(self, order: Order) -> Run:
        with self._starting:
            if self._closed:
                return _never_ran(order, _failed("CannotStartContainerError", "it is too late"))
            return self._start_container(order)

    def _start_container(self, order: Order) -> Run:
        wanted = secret_names(order).items()
        values = {name: self.secret(value_from) for name, value_from in wanted}
        given = {name: value for name, value in values.items() if value is not None}
        if values.keys() - given.keys() - self.environment.keys():
            return _never_ran(order, NO_SECRETS)
        pulled = self._pull(order.image)
        if pulled.returncode != 0:
            return _never_ran(order, _failed("CannotPullContainerError", pulled.stdout))
        options = [*self.options, *docker_options(order, self.environment)]
        started = self.docker("run", *options, **given)
        if started.returncode != 0:
            return _never_ran(order, _failed("CannotStartContainerError", started.stdout))
        name = started.stdout.split()[-1]
        health_path = self.health_path if order.balanced else None
        self._containers[order.task] = Container(self.docker, order, name, health_path)
        return self._containers[order.task]

    def _pull(self, image: str) -> subprocess.CompletedProcess[str]:
        # Docker does not ask the registry for an image that it has, Fargate has none.
        asked = self.docker("buildx", "imagetools", "inspect", "--format={{json .Image}}", image)
        if asked.returncode != 0:
            return asked
        if self.docker("image", "inspect", image).returncode != 0:
            self._images.add(image)
        return self.docker("pull", "--quiet", image)


class Container:
    """The running container of a task, which is removed when it ends.

    It is healthy once it has answered 200 at the health path, if there is one, and once the check
    of its task definition has passed, if there is one.
    """

    def __init__(self, docker: Docker, order: Order, name: str, health_path: str | None):
        self._docker = docker
        self._order = order
        self._name = name
        self._health_path = health_path
        self._check_own = not health_path and "healthCheck" in order.container
        self._watched_since: float | None = None
        self._deadline: float | None = None
        self._lines: list[Line] | None = None
        self._changes = deque([Change(order.at, PENDING), Change(order.at, RUNNING)])

    def next(self, now: float) -> Change | None:
        """What has become of it."""
        if not self._changes:
            self._look(now)
        return self._changes[0] if self._changes else None

    def take(self) -> None:
        """Take the change that `next` told."""
        self._changes.popleft()

    def stop(self, now: float) -> None:
        """End it with SIGTERM; a later look kills it after its stop timeout."""
        self._changes.clear()
        self._health_path, self._check_own = None, False
        self._docker("kill", "--signal=TERM", self._name)
        self._deadline = now + stop_seconds(self._order)

    def log(self, now: float) -> list[Line]:
        """What it has written so far."""
        return self._read() if self._lines is None else self._lines

    def address(self) -> str:
        """The address of its first port. Raises LookupError when it does not run."""
        port = self._order.container["portMappings"][0]["containerPort"]
        found = self._docker("port", self._name, str(port))
        if found.returncode != 0 or not found.stdout:
            raise LookupError(f"task {self._order.task} does not run")
        return found.stdout.split()[0]

    def _look(self, now: float) -> None:
        state = self._state()
        if not state["Running"] and state["ExitCode"] == KILLED and self._deadline is None:
            time.sleep(OOM_SECONDS)
            state = self._state()
        if not state["Running"]:
            exited = Stop("EssentialContainerExited", EXITED, state["ExitCode"])
            self._end(now, OUT_OF_MEMORY if state["OOMKilled"] else exited)
        elif self._deadline is not None and now > self._deadline:
            self._docker("kill", self._name)
        elif self._health_path:
            self._check(now, self._health_path)
        elif self._check_own:
            self._check_container(now, state["Health"]["Status"])

    def _state(self) -> dict[str, Any]:
        return json.loads(self._docker("inspect", "--format={{json .State}}", self._name).stdout)

    def _end(self, now: float, stop: Stop) -> None:
        self._lines = self._read()
        self._docker("rm", "--volumes", self._name)
        self._changes.append(Change(now, STOPPED, stop=stop))

    def _check(self, now: float, path: str) -> None:
        if self._watched_since is None:
            self._watched_since = now
        status = self._status(path)
        if status == "200":
            self._changes.append(Change(now, HEALTHY))
            self._health_path = None
        elif now > self._watched_since + self._order.grace_seconds:
            why = f"Health checks failed with these codes: [{status}]"
            self._changes.append(Change(now, UNHEALTHY, why))
            self._health_path = None

    def _check_container(self, now: float, status: str) -> None:
        outcomes = {"healthy": HEALTHY, "unhealthy": UNHEALTHY}
        if status in outcomes:
            self._changes.append(Change(now, outcomes[status]))
            self._check_own = False

    def _status(self, path: str) -> str:
        try:
            connection = http.client.HTTPConnection(self.address(), timeout=CHECK_SECONDS)
            with contextlib.closing(connection):
                connection.request("GET", path)
                return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException, LookupError) as error:
            return type(error).__name__

    def _read(self) -> list[Line]:
        output = self._docker("logs", "--timestamps", self._name).stdout
        return sorted(map(_line, output.splitlines()), key=lambda line: line[0])


def _never_ran(order: Order, stop: Stop) -> Run:
    return Playback(((0, PENDING), (0, STOPPED, stop)), order)


def _failed(error: str, output: str) -> Stop:
    why = f"{error}: {output.strip().splitlines()[0].removeprefix('ERROR: ')}"
    return Stop("TaskFailedToStart", why, container_reason=why)


def _line(text: str) -> Line:
    moment, _, message = text.partition(" ")
    return datetime.fromisoformat(moment).timestamp(), message
