"""Containers of the image on the host's own network, and nginx in front of them."""

import contextlib
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from template.rehearsal.machine import free_port
from template.tests.image.containers import docker, inspect, unique, until
from template.tests.resilience.load import Client

STOP_SECONDS = 30  # after which ECS kills a container that it has asked to stop
PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "localhost",
    "ANONYMOUS_WRITES": "true",
    "ANONYMOUS_RATE": "off",
    "LOG_LEVEL": "WARNING",
}
NGINX = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path .; proxy_temp_path .;
  fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
  upstream first { server 127.0.0.1:%(first)d max_fails=0; keepalive 32; }
  upstream second { server 127.0.0.1:%(second)d max_fails=0; keepalive 32; }
  upstream both {
    server 127.0.0.1:%(first)d max_fails=0; server 127.0.0.1:%(second)d max_fails=0; keepalive 32;
  }
  server {
    listen 127.0.0.1:%(port)d;
    keepalive_requests 1000000;
    set $target first;
    if (-f %(folder)s/second) { set $target second; }
    if (-f %(folder)s/both) { set $target both; }
    location / {
      proxy_pass http://$target;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_request_buffering off;
      proxy_next_upstream off;
    }
  }
}
"""


@dataclass(frozen=True)
class Task:
    """A container, as ECS knows it."""

    name: str
    port: int
    host: str = "127.0.0.1"

    def client(self, **options: Any) -> Client:
        """A client of the application."""
        return Client(self.port, host=self.host, **options)

    def is_healthy(self) -> bool:
        """Whether liveness is 200."""
        with contextlib.suppress(OSError):
            return self.client(keep_alive=False).ask("GET", "/health/live") == (200, b"")
        return False

    def wait_until_healthy(self) -> None:
        """Return when it is; raise AssertionError if it never is."""
        assert until(self.is_healthy), docker("logs", self.name).stdout

    def workers(self) -> list[int]:
        """The process numbers of gunicorn's workers, in the container."""
        children = docker("exec", self.name, "cat", "/proc/1/task/1/children").stdout
        return [int(number) for number in children.split()]

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when the time is over; the exit status, 137 for the latter."""
        docker("stop", "--timeout", str(STOP_SECONDS), self.name)
        status = int(docker("wait", self.name).stdout)
        docker("rm", "--volumes", self.name)
        return status


@contextlib.contextmanager
def tasks() -> Iterator["Tasks"]:
    """A place to start containers in; those that are left go at the end."""
    place = Tasks(unique("task"))
    try:
        yield place
    finally:
        names = docker("ps", "--all", "--quiet", f"--filter=label=place={place.name}").stdout
        if names:
            docker("rm", "--force", "--volumes", *names.split())


@dataclass(frozen=True)
class Tasks:
    """Containers that go together."""

    name: str

    def start(
        self,
        image: str,
        port: int,
        *options: str,
        command: tuple[str, ...] = (),
        **environment: str,
    ) -> Task:
        """Start a container, which listens on the port of the host's loopback."""
        name = unique("task")
        place = (f"--label=place={self.name}", "--network=host", f"--env=PORT={port}")
        run(name, image, *place, *options, command=command, **environment)
        return Task(name, port)

    def start_apart(self, image: str, *options: str, **environment: str) -> Task:
        """Start a container with an address, and with settings of the kernel, of its own."""
        name = unique("task")
        run(name, image, f"--label=place={self.name}", *options, **environment)
        [network] = inspect(name)["NetworkSettings"]["Networks"].values()
        return Task(name, 80, network["IPAddress"])


def run(
    name: str, image: str, *options: str, command: tuple[str, ...] = (), **environment: str
) -> None:
    """Run a container in the background."""
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    start = ("run", "--detach", "--name", name, "--no-healthcheck")
    docker(*start, *variables, *options, image, *command)


def migrate(image: str, **environment: str) -> None:
    """Run the release's one migration task."""
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    command = ("python", "manage.py", "migrate", "--noinput")
    docker("run", "--rm", "--network=host", *variables, image, *command)


def database_user(image: str, *options: str, **environment: str) -> str:
    """Whom a new container of a production service is to its database, or why it is nobody."""
    variables = [f"--env={key}={value}" for key, value in (PRODUCTION | environment).items()]
    shell = ("python", "manage.py", "shell", "--verbosity=0", "--command")
    code = """
from django.db import Error, connection
try:
    with connection.cursor() as cursor:
        print("connected as", cursor.execute("SELECT current_user").fetchone()[0])
except Error as error:
    print(error.__cause__ or error)
"""
    return docker("run", "--rm", "--network=host", *variables, *options, image, *shell, code).stdout


class Balancer:
    """nginx, which sends requests to the first port, the second, or both; it never tries twice."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.port, self.first, self.second = free_port(), free_port(), free_port()

    def route(self, target: str) -> None:
        """Send requests to `first`, `second` or `both` from now on."""
        for name in ("second", "both"):
            if name == target:
                (self.folder / name).touch()
            else:
                (self.folder / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run nginx while the context lasts."""
        file = self.folder / "nginx.conf"
        file.write_text(NGINX % vars(self))
        process = subprocess.Popen(
            [self.program, "-p", str(self.folder), "-c", str(file)],
            env={"PATH": os.environ["PATH"]},
            stderr=subprocess.DEVNULL,
        )
        try:
            assert until(self.listens), (self.folder / "error.log").read_text()
            yield
        finally:
            process.terminate()
            process.wait()

    def listens(self) -> bool:
        """Whether nginx takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
