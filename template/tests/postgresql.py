"""A PostgreSQL server of its own for a command: python -m template.tests.postgresql COMMAND..."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from template.rehearsal.machine import free_port
from template.rehearsal.postgresql_image import programs

REQUIRED = "REQUIRE_POSTGRESQL"


def ordinary_user() -> dict[str, str | int]:
    """Whom PostgreSQL runs as: oneself, or nobody in place of root, whom it refuses."""
    if os.geteuid() == 0:
        return {"user": "nobody", "group": "nogroup"}
    return {"user": os.geteuid(), "group": os.getegid()}


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server on loopback, in a folder of its own."""

    programs: Path
    home: Path
    port: int
    options: str

    @property
    def url(self) -> str:
        """Its DATABASE_URL."""
        return f"postgres://app@127.0.0.1:{self.port}/postgres"

    @property
    def data(self) -> Path:
        """The folder of its data and its configuration."""
        return self.home / "data"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the data, as the user that owns them."""
        command = [self.programs / program, "-D", self.data, *arguments]
        owner = ordinary_user()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **owner)

    def run_sql(self, statement: str) -> None:
        """Run a statement as the owner of the server."""
        command = [self.programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "app"]
        command += ["-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]
        subprocess.run(command, check=True, cwd="/")

    def start(self) -> None:
        """Start the server, and return when it answers."""
        listen = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.home} {self.options}"
        self.run("pg_ctl", "-w", "-t", "180", "-l", f"{self.home}/log", "-o", listen, "start")

    def stop(self) -> None:
        """End the server like a crash: without a checkpoint, and without a word to clients."""
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@contextlib.contextmanager
def cluster(folder: Path, options: str = "") -> Iterator[Cluster]:
    """Run a server with PostgreSQL's own options while the context lasts.

    Raises subprocess.CalledProcessError, with PostgreSQL's words printed, when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as home:
        shutil.chown(home, **ordinary_user())
        server = Cluster(folder, Path(home), free_port(), options)
        server.run("initdb", "-U", "app", "-A", "trust", "-E", "UTF8")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server that trades safety for speed; its DATABASE_URL is the value."""
    with cluster(folder, "-c fsync=off") as running:
        yield running.url


def main(command: list[str]) -> int:
    """Run the command with DATABASE_URL of a new server; return its exit status.

    Where PostgreSQL is missing the command is not run: 0 with the reason, or 1 when
    REQUIRE_POSTGRESQL is 1.
    """
    folder = programs()
    if folder is None:
        print(f"Skipped: PostgreSQL's initdb is not on PATH. {REQUIRED}=1 makes this an error.")
        return int(os.environ.get(REQUIRED) == "1")
    with server(folder) as url:
        return subprocess.run(
            command, env={**os.environ, "DATABASE_URL": url}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
