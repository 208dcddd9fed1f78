"""Docker for the tests: commands, containers that end with the test, and waiting."""

import contextlib
import json
import re
import secrets
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0  # seconds that a busy machine may take
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GUNICORN = ("gunicorn", "--config", "/app/deploy/gunicorn.conf.py")
# What the documentation tells a careful operator to add.
HARDENED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
# The least that a production server wants; its database is empty and nobody else's.
PRODUCTION = (
    "--env=DATABASE_URL=sqlite:////data/production.sqlite3",
    "--env=ALLOWED_HOSTS=shop.example.com",
    f"--env=SECRET_KEY={secrets.token_urlsafe(50)}",
)


def docker(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a docker command; its output and its errors are one text in `stdout`."""
    return subprocess.run(
        ["docker", *arguments],
        check=check,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )


def base_image() -> str:
    """The image that the Dockerfile builds on."""
    return re.search(r"^FROM (\S+) AS base$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]


def unique(word: str) -> str:
    """A name that nobody else on this Docker Engine uses."""
    return f"test-{word}-{uuid.uuid4().hex[:12]}"


def inspect(name: str) -> dict[str, Any]:
    """What Docker knows about an image or a container."""
    return json.loads(docker("inspect", name).stdout)[0]


def until(question: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true answer to the question, or the last one when the seconds are over."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer


@dataclass(frozen=True)
class Container:
    """A running container."""

    name: str

    @property
    def port(self) -> int:
        """The port on loopback that leads to the container's port 80."""
        return int(docker("port", self.name, "80").stdout.strip().rpartition(":")[2])

    @property
    def url(self) -> str:
        """The address of the application."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything that the container has printed."""
        return docker("logs", self.name).stdout

    @property
    def health(self) -> str:
        """Docker's judgement: starting, healthy or unhealthy."""
        return inspect(self.name)["State"]["Health"]["Status"]

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command inside and return what it prints."""
        return docker("exec", self.name, *command, check=check).stdout

    def wait_until_live(self) -> None:
        """Return when the application answers; raise requests.ConnectionError if it never does."""
        patience = Retry(total=int(PATIENCE / 0.1), backoff_factor=0.05, backoff_max=0.1)
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=patience))
            # A connection that is kept alive would hold up a server that stops.
            headers = {"Connection": "close"}
            session.get(f"{self.url}/health/live", headers=headers, timeout=60).raise_for_status()


@contextlib.contextmanager
def running(image: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[Container]:
    """Run a container of the image on a free port while the context lasts."""
    name = unique("container")
    start = ("run", "--detach", "--name", name, "--publish", "127.0.0.1::80")
    try:
        docker(*start, *options, image, *command)
        yield Container(name)
    finally:
        docker("rm", "--force", "--volumes", name)


@contextlib.contextmanager
def volume() -> Iterator[str]:
    """The name of a volume that exists while the context lasts."""
    name = docker("volume", "create", unique("volume")).stdout.strip()
    try:
        yield name
    finally:
        docker("volume", "rm", "--force", name)
