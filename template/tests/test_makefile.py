"""The recipes that a newcomer types first do what they say, and say what is wrong."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.app.commands import manage
from template.tests.image.containers import until

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds that the server may take to answer
QUEUE = (
    "from django.conf import settings; from template.tests.app.slow import wait;"
    "wait.enqueue(str(settings.DATA_DIR))"
)


def make(*arguments: str, **environment: str) -> subprocess.Popen:
    """Start make with the virtual environment of the tests."""
    # It is what it is: nothing is installed into it because a file of requirements is newer.
    installed = [f"--old-file={sys.prefix}/{name}" for name in ("run.stamp", "dev.stamp", "stamp")]
    return subprocess.Popen(
        ["make", *installed, f"VENV={sys.prefix}", f"TEMPLATE_VENV={sys.prefix}", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def port():
    """A port that is free."""
    return free_port()


def wait_for(url: str) -> requests.Response:
    """The first answer of a server that is starting. Raises requests.ConnectionError."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return requests.get(url, timeout=PATIENCE)
        except requests.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_waiting_ends(monkeypatch, port):
    """A server that never answers is an error."""
    monkeypatch.setattr(f"{__name__}.PATIENCE", 0.5)
    with pytest.raises(requests.ConnectionError):
        wait_for(f"http://127.0.0.1:{port}/")


def processes(session: int) -> dict[int, list[str]]:
    """The commands of a session that run, by the ids of their processes."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == session:
                found[process.pid] = process.cmdline()
    return found


def left(session: int) -> list[str]:
    """The commands of a session that go on, after those that are just ending have ended."""
    until(lambda: not processes(session), PATIENCE)
    return [" ".join(words) for words in processes(session).values()]


def output_of(recipe: subprocess.Popen) -> str:
    """What a recipe has printed, once it has ended and nothing of it is left."""
    try:
        recipe.wait(PATIENCE)
        assert left(recipe.pid) == []
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(recipe.pid, signal.SIGKILL)
    return recipe.stdout.read()


@pytest.mark.parametrize(
    ("kill", "stop"),
    exhaustive.rows(
        [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM), (os.killpg, signal.SIGHUP)],
        (os.killpg, signal.SIGINT),
    ),
)
def test_run_serves_and_prints_addresses(tmp_path, port, kill, stop):
    """`make run` migrates, prints addresses that answer, runs a worker, and ends with Ctrl-C."""
    with make("run", f"PORT={port}", DATA_DIR=str(tmp_path)) as server:
        assert wait_for(f"http://127.0.0.1:{port}/itemslist").json() == []
        manage("shell", "--command", QUEUE, DATA_DIR=str(tmp_path))
        assert until((tmp_path / "started").exists, PATIENCE)
        kill(server.pid, stop)
        printed = output_of(server)
    assert "has ended by itself" not in printed
    assert "***" not in printed  # as make calls an error
    for path in ("ping", "itemslist", "docs/", "admin/"):
        assert f"http://127.0.0.1:{port}/{path}\n" in printed
    assert (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize("crashes", ["db_worker", "runserver"])
def test_run_ends_when_one_of_both_does(tmp_path, port, crashes):
    """Where the server or the worker ends by itself, `make run` says so, and neither is left."""
    with make("run", f"PORT={port}", DATA_DIR=str(tmp_path)) as server:
        wait_for(f"http://127.0.0.1:{port}/itemslist")

        def both() -> list[int]:
            """The one that reloads, and the one that is reloaded."""
            return [number for number, words in processes(server.pid).items() if crashes in words]

        assert until(lambda: len(both()) == 2, PATIENCE)
        for number in both():
            os.kill(number, signal.SIGKILL)
        printed = output_of(server)
    assert server.returncode != 0
    assert "The server or the worker has ended by itself, and so both end." in printed


def test_taken_port_is_told(tmp_path):
    """With another server on the port `make run` says so, and how to choose another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with make("run", f"PORT={port}", DATA_DIR=str(tmp_path)) as run:
            printed = run.stdout.read()
    assert run.returncode != 0
    assert f"Port {port} is taken. Choose another: make run PORT=8001" in printed


def test_old_python_is_told(tmp_path):
    """A Python before 3.11 is refused before anything is installed, with a way out."""
    old = tmp_path / "python3.10"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 10);'
        ' sys.version = \'3.10.1\'; exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    with make("install", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}") as install:
        printed = install.stdout.read()
    assert install.returncode != 0
    assert "This is Python 3.10.1, 3.11 or later is needed. Choose another:" in printed
    assert not (tmp_path / "venv").exists()


def test_make_alone_lists_the_recipes():
    """`make` prints every recipe with a line of help, and does nothing."""
    with make() as alone:
        printed = alone.stdout.read()
    for recipe in ("run", "test", "lint", "setup", "doctor", "rehearse"):
        assert f"\n  {recipe} " in f"\n{printed}"


@pytest.mark.parametrize(
    ("recipe", "printed"), [("test-template", ""), ("screenshots", "1\n"), ("resilience", "1\n")]
)
def test_recipe_leaves_tests_out_or_not(recipe, printed):
    """Daily recipes leave exhaustive tests out; those that ask for such tests leave out none."""
    command = "PYTEST=printenv EXHAUSTIVE || true #"
    with make("--silent", recipe, command) as made:
        assert made.stdout.read() == printed


def test_setup_uses_the_persons_own_tools(tmp_path):
    """`make doctor` finds the AWS CLI of PATH, and not the one in the virtual environment."""
    own = tmp_path / "aws"
    own.write_text("#!/bin/sh\necho aws-cli/1.0.0 of the person\n")
    own.chmod(0o755)
    with make("doctor", PATH=os.pathsep.join([str(tmp_path), os.environ["PATH"]])) as doctor:
        printed = doctor.stdout.read()
    assert doctor.returncode != 0
    assert "The AWS CLI is too old: aws-cli/1.0.0 of the person" in printed


def test_tests_pass_in_the_background():
    """Ctrl-C reaches what a test starts, also where `make test-template &` would ignore it."""
    test = "template/tests/deploy/test_interruptions.py"
    one = [sys.executable, "-m", "pytest", "-c", "template/pyproject.toml", "--rootdir", "."]
    ran = subprocess.run(
        ["bash", "-c", 'trap "" INT; exec "$@"', "bash", *one, "-q", "-k", "api and user", test],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["status"], "status"),
        (["status", "STAGE=staging"], "status staging"),
        (["config", "STAGE=staging"], "config staging"),
        (
            ["config", "STAGE=staging", "SET=KEY", "UNSET=A B", "FILE=x.env"],
            "config staging KEY --unset A --unset B --file x.env",
        ),
        (["shell", "STAGE=staging"], "shell staging"),
        (["run-command", "STAGE=staging", "COMMAND=echo 'a b'"], "run staging -- echo 'a b'"),
        (["logs", "STAGE=staging"], "logs staging"),
        (
            ["logs", "STAGE=staging", "FOLLOW=1", "SINCE=2h", "PROCESS=worker", "REQUEST=1"],
            "logs staging --follow --since 2h --process worker --request 1",
        ),
        (["restore", "STAGE=staging"], "restore staging"),
        (["restore", "STAGE=staging", "SNAPSHOT=one-1"], "restore staging one-1"),
    ],
)
def test_recipes_that_operate_a_stage(words, command):
    """A recipe hands its variables on, and nothing else."""
    with make("--dry-run", *words) as made:
        printed = made.stdout.read().replace("\\\n", " ")
    assert " ".join(printed.split()) == f"python3 -m deploy {command}"


@pytest.mark.parametrize("recipe", ["config", "shell", "logs", "run-command", "restore"])
def test_stage_has_to_be_named(recipe):
    """A recipe that wants a stage says how to name one."""
    with make(recipe) as made:
        printed = made.stdout.read()
    assert made.returncode != 0
    assert f"Name the stage: make {recipe} STAGE=production" in printed
