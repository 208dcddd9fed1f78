"""The application in processes of its own, with an environment of their own."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import requests

from template.rehearsal.machine import free_port
from tests.conftest import PRODUCTION

REPOSITORY = Path(__file__).parents[3]
INHERITED = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
SECONDS = 120  # that a busy machine may take


def copy_of_the_application(folder: Path) -> Path:
    """The folder, with a copy of what the commands need."""
    shutil.copy(REPOSITORY / "manage.py", folder)
    shutil.copytree(REPOSITORY / "src", folder / "src")
    return folder


def aws_client(service: str, aws: dict[str, str]) -> Any:
    """A client of a service of AWS's, by the variables that containers have."""
    return boto3.client(
        service,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name=aws["AWS_REGION"],
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )


def manage(*arguments: str, folder: Path = REPOSITORY, **environment: str) -> str:
    """What `python manage.py ARGUMENTS` prints; raises CalledProcessError when it fails."""
    return python("manage.py", *arguments, folder=folder, **environment)


def python(*arguments: str, folder: Path = REPOSITORY / "src", **environment: str) -> str:
    """What `python ARGUMENTS` prints; raises CalledProcessError when it fails."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=INHERITED | environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    ).stdout


def production(folder: Path) -> dict[str, str]:
    """The environment of a production service whose database, in the folder, has its tables."""
    environment = PRODUCTION | {
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DATA_DIR": str(folder),
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS": "false",
        "ANONYMOUS_WRITES": "true",
    }
    manage("migrate", **environment)
    return environment


@contextlib.contextmanager
def runserver(*options: str, folder: Path = REPOSITORY, **environment: str) -> Iterator[str]:
    """The address of `python manage.py runserver OPTIONS`, which ends with the context.

    Raises TimeoutError when it does not answer.
    """
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "manage.py", "runserver", "--noreload", *options, address]
    with subprocess.Popen(
        command, cwd=folder, env=INHERITED | environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(f"http://{address}/health/live")
            yield f"http://{address}"
        finally:
            process.terminate()


@contextlib.contextmanager
def gunicorn(log: Path, **environment: str) -> Iterator[str]:
    """The URL of the image's server, which ends with the context; what it prints goes to the log.

    Raises TimeoutError when it does not answer.
    """
    port = str(free_port())
    command = [sys.executable, "-m", "gunicorn", "--config", "../deploy/gunicorn.conf.py"]
    with (
        log.open("w") as file,
        subprocess.Popen(
            # A client that keeps its connection would hold it up for 25 seconds.
            [*command, "--graceful-timeout=1", "--bind", f"127.0.0.1:{port}", "itemsAPP.wsgi"],
            cwd=REPOSITORY / "src",
            env=INHERITED | environment,
            stdout=file,
            stderr=file,
        ) as process,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/health/live")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextlib.contextmanager
def worker(folder: Path = REPOSITORY, **environment: str) -> Iterator[subprocess.Popen]:
    """The process of `python manage.py db_worker`, which ends with the context."""
    command = [sys.executable, "manage.py", "db_worker", "--interval=0.1", "--no-startup-delay"]
    # As in the image: a signal that comes while a line is in a buffer would get lost.
    environment = INHERITED | {"PYTHONUNBUFFERED": "1"} | environment
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for(url: str, seconds: float = SECONDS) -> None:
    """Return when the address answers; raise TimeoutError when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            requests.get(url, timeout=60)
            return
        time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")
