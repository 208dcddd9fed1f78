"""The commands of the README do what it says, in a copy of the repository."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter, Retry

from template.rehearsal.machine import free_port
from template.tests.docs.conftest import copy_to
from template.tests.docs.pages import README, blocks_in

LOCAL = "http://127.0.0.1:8000"
# Of the person's environment, what reaches the network; no variable of the application.
PASSED_ON = re.compile(r"PATH|HOME|LANG|DOCKER_\w+|PIP_\w+|\w+_proxy|\w+_PROXY")


def block_of(heading: str, language: str = "") -> str:
    """The first block below a heading that is written in a language."""
    blocks = blocks_in(README.section(heading))
    return next(block.text for block in blocks if block.language == language)


def environment(**more: str) -> dict[str, str]:
    """The environment of somebody who has configured nothing."""
    kept = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    return kept | {"PYTHONUNBUFFERED": "1"} | more


def patient() -> requests.Session:
    """Requests that are repeated while a server starts, for some two minutes."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(120, backoff_factor=0.1, backoff_max=1)))
    return session


@contextlib.contextmanager
def running(command: str, folder: Path, announcement: str) -> Iterator[str]:
    """Run commands while the context lasts; the value is what they print up to the announcement.

    Raises AssertionError with all that they print when they end before.
    """
    process = subprocess.Popen(
        ["bash", "-ec", command],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield read_until(process, announcement)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def read_until(process: subprocess.Popen[str], announcement: str) -> str:
    """What a process prints up to a line with the announcement."""
    said = ""
    for line in process.stdout or ():
        said += line
        if announcement in line:
            return said
    raise AssertionError(f"There was no {announcement!r}:\n{said}")


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which commands leave what they make."""
    return copy_to(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def server(clone: Path) -> Iterator[str]:
    """The address of the application, started step by step as the README says."""
    steps = block_of("Step by step", "sh")
    address = f"127.0.0.1:{free_port()}"
    command = steps.replace("manage.py runserver", f"manage.py runserver --noreload {address}")
    with running(command, clone, "Starting development server"):
        yield f"http://{address}"


@pytest.mark.timeout(900)
def test_steps_lead_to_the_pages(server: str) -> None:
    """After the steps the two addresses show styled pages, with no variable set."""
    for path in re.findall(rf"Open {LOCAL}(/\w+) and {LOCAL}(/\w+)", README.path.read_text())[0]:
        page = patient().get(server + path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        (style,) = set(re.findall(r'"(/static/[^"]*/default\.css)"', page.text))
        assert requests.get(server + style, timeout=60).status_code == 200


@pytest.mark.timeout(900)
def test_curl_gets_the_documented_replies(server: str) -> None:
    """Each curl command of the README, one after the other, gets the reply below it."""
    patient().get(f"{server}/ping")
    examples = block_of("The API", "console").replace(LOCAL, server).split("$ ")[1:]
    assert len(examples) > 5
    for command, _, reply in (example.partition("\n") for example in examples):
        curl, *arguments = shlex.split(command)
        said = subprocess.run(
            [curl, "--silent", *arguments], check=True, capture_output=True, text=True
        )
        assert said.stdout == reply.rstrip("\n"), command


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("server")
def test_make_run_prints_addresses_that_answer(clone: Path) -> None:
    """`make run` serves the addresses that the README shows, and says so when its port is taken."""
    run, seen = block_of("Try it").strip(), block_of("Try it", "text")
    port = free_port()
    command = f"{run} VENV={clone}/venv PORT={port}"
    shown = seen.replace(":8000", f":{port}")
    with running(command, clone, "Starting development server") as said:
        assert shown in said
        for url in re.findall(r"http\S+", shown):
            assert patient().get(url).status_code == 200
        again = subprocess.run(
            ["bash", "-c", command],
            cwd=clone,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert again.returncode != 0
    assert "make run PORT=8001" in again.stdout


def test_missing_announcement_is_an_error(tmp_path: Path) -> None:
    """Commands that end too early are an error with all that they printed."""
    with (
        contextlib.ExitStack() as stack,
        pytest.raises(AssertionError, match="no such luck"),
    ):
        stack.enter_context(running("echo no such luck", tmp_path, "Try these"))


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("docker")
def test_container_shows_the_same_page(clone: Path) -> None:
    """The README's image is built and run by its two commands, and answers at its address."""
    build, run = block_of("In Docker", "sh").splitlines()
    name = f"readme-{uuid.uuid4().hex[:12]}"
    port = free_port()
    renamed = build.replace("django-crud-app", name)
    started = run.replace("django-crud-app", name).replace("8080:", f"127.0.0.1:{port}:")
    subprocess.run(shlex.split(renamed), cwd=clone, check=True)
    container = subprocess.run(
        shlex.split(started), check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        (path,) = re.findall(r"http://localhost:8080(/\w+)", README.path.read_text())
        answer = patient().get(f"http://localhost:{port}{path}")
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", container], check=True)
        subprocess.run(["docker", "rmi", "--force", name], check=True)
    assert answer.status_code == 200
    assert list(answer.json()) == ["users", "groups", "item"]
