"""A PostgreSQL server of its own for a command: python -m tests.postgresql COMMAND..."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

REQUIRED = "REQUIRE_POSTGRESQL"


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`: the one on PATH, else the newest of Debian's."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name)
    )
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(places))])
    initdb = shutil.which("initdb", path=path)
    return Path(initdb).resolve().parent if initdb else None


def ordinary_user() -> dict[str, str | int]:
    """Whom PostgreSQL runs as: oneself, or nobody in place of root, whom it refuses."""
    if os.geteuid() == 0:
        return {"user": "nobody", "group": "nogroup"}
    return {"user": os.geteuid(), "group": os.getegid()}


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server on loopback while the context lasts; its DATABASE_URL is the value.

    Raises subprocess.CalledProcessError, with PostgreSQL's words printed, when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as home, socket.socket() as probe:
        shutil.chown(home, **ordinary_user())
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = f"{home}/data"
        run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/", **ordinary_user()}
        subprocess.run(
            [folder / "initdb", "-D", data, "-U", "app", "-A", "trust", "-E", "UTF8"], **run
        )
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home} -c fsync=off"
        control = [folder / "pg_ctl", "-D", data, "-w", "-l", f"{home}/log"]
        subprocess.run([*control, "-o", options, "start"], **run)
        try:
            yield f"postgres://app@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **run)


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
