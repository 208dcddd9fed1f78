"""`python -m template.rehearsal` says what is missing and tells failure from success."""

import contextlib
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest
import yaml

from template.rehearsal import __main__ as command
from template.rehearsal import machine, project
from template.rehearsal.report import STAGES, Outcome, Ran, Service
from template.rehearsal.sandbox import set_up
from template.tests import exhaustive
from template.tests.pipeline.real_tasks import BASE
from template.tests.pipeline.sandboxes import commit, play, small_project
from template.tests.pipeline.workflows import ROOT

pytestmark = pytest.mark.timeout(900)
PATIENCE = 300  # seconds that a busy machine may take

# Starts a rehearsal of the project in the first argument.
START = "import sys; from pathlib import Path; from template.rehearsal.__main__ import main;"
EVERYTHING = [Ran(stage, "success", 1) for stage in STAGES]
# Lets a command hear every signal, also where the tests were started by nohup or in the background.
HEARING = (
    "import os, signal, sys\n"
    f"for number in {[each.value for each in command.SIGNALS]}:\n"
    "    signal.signal(number, signal.SIG_DFL)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)
RUN = f"{START} sys.exit(main(Path(sys.argv[1])))"


@pytest.fixture(autouse=True)
def handlers():
    """The handlers of signals, which an interrupted rehearsal leaves ignored, are put back."""
    before = {each: signal.getsignal(each) for each in command.SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def source(docker, tmp_path, monkeypatch):
    """A small project, rehearsed with timelines instead of containers."""
    monkeypatch.setattr(command, "set_up", partial(set_up, launch=play))
    return small_project(tmp_path / "source")


def fine(sandbox, engine):
    """The outcome of a rehearsal in which nothing went wrong."""
    commit, digest = sandbox.checkout.commit, "sha256:" + "a" * 64
    stages = engine(sandbox)
    service = Service("web", "ecs-svc/1", "COMPLETED", {digest}, "http://127.0.0.1:1")
    return Outcome(
        commit,
        stages,
        dict.fromkeys((commit, "latest", "staging", "production"), digest),
        {"staging": [service], "production": [service]},
        {"/ping": "200"},
        schedules=[],
        leaks=[],
    )


def test_unknown_engine_is_refused(monkeypatch, capsys):
    """Only the two engines can be named."""
    monkeypatch.setenv("ENGINE", "jenkins")
    assert command.main() == 1
    refusal = "ENGINE must be one of github, codepipeline, not jenkins.\n"
    assert capsys.readouterr().err == refusal


@pytest.mark.parametrize("name", ["", "github"])
def test_github_is_the_usual_engine(source, monkeypatch, name):
    """An empty variable means GitHub, too."""
    monkeypatch.setenv("ENGINE", name)
    run = []
    monkeypatch.setitem(command.ENGINES, "github", lambda sandbox: run.append("github") or [])
    assert command.main(source) == 1
    assert run == ["github"]


def test_missing_program_is_told_before_anything_starts(monkeypatch, capsys):
    """What is missing comes with what to do, and nothing has been started."""

    def check():
        raise machine.MachineError("act is not installed. Run: make install")

    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setattr(machine, "check", check)
    assert command.main() == 1
    assert capsys.readouterr() == ("", "act is not installed. Run: make install\n")


def test_folder_without_a_commit_is_refused(docker, monkeypatch, tmp_path, capsys):
    """What cannot be rehearsed is told in one sentence, without a traceback."""
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setenv("OF", str(tmp_path))
    assert command.main() == 1
    assert f"{tmp_path} is no Git repository" in capsys.readouterr().err


@pytest.mark.parametrize("of", [None, "", "shop", "~/shop"])
def test_project_is_named_by_a_variable(docker, monkeypatch, tmp_path, of):
    """OF names a project, from here or from the person's home; without it, it is this one."""
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OF", raising=False)
    if of is not None:
        monkeypatch.setenv("OF", of)
    named = []

    def refuse(source, say, variables):
        named.append(source)
        raise machine.MachineError("No.")

    monkeypatch.setattr(command, "set_up", refuse)
    assert command.main() == 1
    assert named == [tmp_path / "shop" if of else ROOT]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "rehearsal.env cannot be read: "),
        ("KEY=s3cret\nno assignment\n", "line 2"),
    ],
)
def test_variables_that_cannot_be_read_are_told(docker, monkeypatch, tmp_path, capsys, text, told):
    """Before anything starts, with the place, and never with a value."""
    file = tmp_path / "rehearsal.env"
    if text:
        file.write_text(text)
    monkeypatch.setenv("CONFIG", str(file))
    assert command.main(tmp_path) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert "s3cret" not in said.err
    assert "Starting" not in said.out


@exhaustive.MARK
def test_variables_reach_the_containers(docker, monkeypatch, tmp_path):
    """They are in the secret of both stages, for the entry point of the image to read."""
    found = {}

    def look(sandbox):
        for stage, launcher in sandbox.launchers.items():
            found[stage] = launcher.secret(project.config_secret(sandbox.stacks, stage))
        return []

    (tmp_path / "rehearsal.env").write_text("STRIPE_KEY='a b'\n")
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setenv("CONFIG", str(tmp_path / "rehearsal.env"))
    monkeypatch.setitem(command.ENGINES, "github", look)
    assert command.main(small_project(tmp_path / "source")) == 1  # nothing was released
    assert found == dict.fromkeys(("staging", "production"), '{"STRIPE_KEY": "a b"}')


def test_rehearsal_in_which_nothing_ran_fails(source, monkeypatch, capsys):
    """Every sentence about what went wrong is told, and the status is not 0."""
    monkeypatch.setenv("ENGINE", "codepipeline")
    monkeypatch.setitem(command.ENGINES, "codepipeline", lambda sandbox: [])
    assert command.main(source) == 1
    printed, told = capsys.readouterr()
    assert "No container runs the production image." in printed
    assert told.startswith("The rehearsal failed.\nThe stage build was skipped.\n")
    assert "runs at" not in printed


def press_enter(question):
    """What `input` does when somebody presses Enter."""
    assert question == "Press Enter to end it. "


def press_ctrl_c(question):
    """What `input` does when somebody presses Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("press", [press_enter, press_ctrl_c])
def test_terminal_keeps_the_image_up(source, monkeypatch, press):
    """Somebody at a terminal ends a good rehearsal with Enter or Ctrl-C, and it stays good."""
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setattr(command, "rehearse", fine)
    monkeypatch.setitem(command.ENGINES, "github", lambda sandbox: EVERYTHING)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr(
        "builtins.input", lambda question: asked.append(question) or press(question)
    )
    assert command.main(source) == 0
    assert asked == ["Press Enter to end it. "]


def test_handlers_of_signals_are_put_back(source, monkeypatch):
    """After a rehearsal, signals do what they did before."""
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setitem(command.ENGINES, "github", lambda sandbox: [])
    before = [signal.getsignal(each) for each in command.SIGNALS]
    command.main(source)
    assert [signal.getsignal(each) for each in command.SIGNALS] == before


def test_signal_ends_the_rehearsal_in_order(source, monkeypatch):
    """A signal unwinds everything with a shell's status, and a second one changes nothing."""
    monkeypatch.delenv("ENGINE", raising=False)
    cleaned = []

    def engine(sandbox):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
            cleaned.append(sandbox.folder)

    monkeypatch.setitem(command.ENGINES, "github", engine)
    with pytest.raises(SystemExit, match="143"):
        command.main(source)
    assert not cleaned[0].exists()


@dataclass(frozen=True)
class Way:
    """A way to end a rehearsal: what its whole process group gets, and how it is started."""

    engine: str
    signals: tuple[signal.Signals, ...]
    start: tuple[str, ...] = ()


CTRL_C, HANGUP, TERM = signal.SIGINT, signal.SIGHUP, signal.SIGTERM
WAYS = {
    f"{name} in {engine}": Way(engine, signals, start)
    for engine in command.ENGINES
    for name, signals, start in (
        ("Ctrl-C", (CTRL_C,), ()),
        ("two Ctrl-C", (CTRL_C,) * 2, ()),
        ("four Ctrl-C", (CTRL_C,) * 4, ()),
        ("SIGTERM", (TERM,), ()),
        ("SIGQUIT", (signal.SIGQUIT,), ()),
        ("a closed terminal", (HANGUP,), ()),
        ("nohup", (HANGUP, HANGUP, TERM), ("nohup",)),
        ("trap '' HUP", (HANGUP, CTRL_C), ("sh", "-c", "trap '' HUP; exec \"$@\"", "sh")),
    )
}
USUAL = {"two Ctrl-C in codepipeline", "nohup in github"}
# A step that leaves behind whatever one can leave behind, and tells it in the file MARKER.
STUBBORN = """\
trap '' HUP
docker run --detach --name "$COMPOSE_PROJECT_NAME-left" --volume /data BASE sleep 300
docker volume create "$COMPOSE_PROJECT_NAME-left"
mktemp
sleep 300 & echo $! >> MARKER
setsid sleep 300 & echo $! >> MARKER
(nohup setsid sleep 300 & echo $! >> MARKER)
(env -i setsid sleep 300 & echo $! >> MARKER)
echo "$COMPOSE_PROJECT_NAME" >> MARKER
wait
"""


@pytest.mark.parametrize("name", exhaustive.rows(WAYS, *USUAL))
def test_signal_leaves_nothing_behind(docker, tmp_path, name):
    """A rehearsal that is ended in a step leaves no process, no container and no file."""
    way, marker = WAYS[name], tmp_path / "marker"
    source = small_project(tmp_path / "source")
    step = STUBBORN.replace("MARKER", str(marker)).replace("BASE", BASE)
    spec = {"version": 0.2, "env": {"shell": "bash"}, "phases": {"build": {"commands": [step]}}}
    (source / "build.yml").write_text(yaml.safe_dump(spec))
    commit(source)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HEARING, *way.start, sys.executable, "-c", RUN, source],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), "ENGINE": way.engine},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            *children, run = wait_for(marker, process)
            for number in way.signals:
                send(process, number)
                time.sleep(0.4)
            printed, _ = process.communicate(timeout=PATIENCE)
        finally:
            send(process, TERM)
    assert process.returncode in {128 + number for number in way.signals}, printed
    assert "Ending: containers, images and processes are removed." in printed
    assert "Traceback" not in printed
    assert left_in_docker(run) == ""
    assert list(temporary.iterdir()) == []
    assert [child for child in children if psutil.pid_exists(int(child))] == []
    assert [each for each in psutil.process_iter(["cmdline"]) if mentions(each, temporary)] == []


def send(process: subprocess.Popen, number: signal.Signals) -> None:
    """Send a signal to the process group of a rehearsal, unless it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def mentions(process: psutil.Process, folder: Path) -> bool:
    """Whether a folder is in the command line of a process."""
    return any(str(folder) in argument for argument in process.info["cmdline"] or ())


def left_in_docker(run: str) -> str:
    """What Docker has of a run, by name."""
    asked = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
    return "".join(
        subprocess.run(
            ["docker", *each, "--quiet", "--filter", f"name={run}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for each in asked
    )


def wait_for(marker: Path, process: subprocess.Popen) -> list[str]:
    """The lines of a file, once the last one is the name of the run that the process is."""
    deadline = time.monotonic() + PATIENCE
    while not (marker.exists() and re.search(r"^rehearsal-\w+\n", marker.read_text(), re.M)):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return marker.read_text().split()


def test_reader_that_goes_away_is_no_crash(docker, tmp_path):
    """After `make rehearse | head -1` everything is removed, without a traceback."""
    source = small_project(tmp_path / "source")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    rehearsal = f"{shlex.join([sys.executable, '-c', RUN, str(source)])} | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", rehearsal],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), "ENGINE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")
    assert list(temporary.iterdir()) == []


def test_module_is_a_command(monkeypatch, capsys):
    """`python -m template.rehearsal` ends with the status of the rehearsal."""
    monkeypatch.setenv("ENGINE", "jenkins")
    monkeypatch.delitem(sys.modules, "template.rehearsal.__main__")
    with pytest.raises(SystemExit, match="1"):
        runpy.run_module("template.rehearsal", run_name="__main__")
    assert "ENGINE must be one of" in capsys.readouterr().err
