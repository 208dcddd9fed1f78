"""Containers on the host's own network, which serve until the context ends."""

import contextlib
import http.client
import re
import secrets
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from template.rehearsal.machine import free_port
from template.tests.image.containers import ROOT, docker, unique

RIVALS = ROOT / "template/bench/rivals"
# `--config=/dev/null`, or gunicorn might read a configuration that lies in its folder.
BARE = "gunicorn --config=/dev/null --bind=127.0.0.1:{port}"
CONFIGURED = "gunicorn --config=deploy/gunicorn.conf.py"  # as the image's own command
HEADERS = {"Host": "localhost", "X-Forwarded-Proto": "https"}
PATIENCE = 60.0  # seconds that a server may take to answer
PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "localhost",
    "ANONYMOUS_WRITES": "true",
    "ANONYMOUS_RATE": "off",
}


@dataclass(frozen=True)
class Server:
    """A container, and the port of loopback that it listens on."""

    name: str
    port: int

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> bytes:
        """The body of the answer; raises OSError without one, AssertionError unless 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=HEADERS)
            response = connection.getresponse()
            body = response.read()
        if response.status != http.client.OK:
            raise AssertionError(f"{path}: {response.status} {body[:200]!r}")
        return body

    def wait_for(self, path: str, pause: float = 0.1) -> bytes:
        """The first answer; raises TimeoutError if there is none."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get(path)
            time.sleep(pause)
        raise TimeoutError(f"{self.name} does not answer at {self.url}{path}")

    def memory(self) -> int:
        """The bytes of its processes; what they share with each other counts once.

        Their files count nothing: https://docs.kernel.org/filesystems/proc.html (smaps_rollup)
        """
        text = docker("exec", self.name, "sh", "-c", "cat /proc/[0-9]*/smaps_rollup").stdout
        return sum(1024 * int(size) for size in re.findall(r"^Pss_Anon: +(\d+) kB", text, re.M))


@contextlib.contextmanager
def serving(image: str, command: str, **environment: str) -> Iterator[Server]:
    """Run the command, whose `{port}` is the server's own; without one, the image's."""
    server = Server(unique("bench"), free_port())
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    try:
        docker(
            *("run", "--detach", "--name", server.name, "--network=host", "--no-healthcheck"),
            # What is written to a log is part of the work, what Docker does with it is not.
            *(
                "--log-driver=none",
                f"--volume={RIVALS}:/rivals:ro",
                "--env=PYTHONPATH=/rivals:/app/src",
            ),
            *("--env=PYTHONDONTWRITEBYTECODE=1", f"--env=PORT={server.port}", *variables),
            *(image, *shlex.split(command.format(port=server.port))),
        )
        yield server
    finally:
        docker("rm", "--force", "--volumes", server.name)


def build(file: Path, folder: Path, **arguments: str) -> str:
    """Build an image; returns its name."""
    name = unique("bench")
    options = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    docker("build", "--quiet", "--tag", name, "--file", str(file), *options, str(folder))
    return name
