"""`python -m template.rehearsal` says what is missing and tells failure from success."""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from template.rehearsal import __main__ as command
from template.rehearsal import machine
from template.rehearsal.report import STAGES, Outcome, Ran, Service
from template.rehearsal.sandbox import set_up
from template.tests import exhaustive
from template.tests.pipeline.sandboxes import play, small_project
from template.tests.pipeline.workflows import ROOT

pytestmark = pytest.mark.timeout(300)

# Starts a rehearsal of the project in the first argument.
START = "import sys; from pathlib import Path; from template.rehearsal.__main__ import main;"
EVERYTHING = [Ran(stage, "success", 1) for stage in STAGES]
RUN = f"{START} sys.exit(main(Path(sys.argv[1])))"


@pytest.fixture
def source(docker, tmp_path, monkeypatch):
    """A small project, rehearsed with timelines instead of containers."""
    monkeypatch.setattr(command, "set_up", lambda *given: set_up(*given, launch=play))
    return small_project(tmp_path / "source")


def fine(sandbox, engine):
    """The outcome of a rehearsal in which nothing went wrong."""
    commit, digest = sandbox.checkout.commit, "sha256:" + "a" * 64
    stages = engine(sandbox)
    service = Service("ecs-svc/1", "COMPLETED", {digest}, "http://127.0.0.1:1")
    return Outcome(
        commit,
        stages,
        dict.fromkeys((commit, "latest", "staging", "production"), digest),
        {"staging": service, "production": service},
        {"/ping": "200"},
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
    """There has to be a commit to rehearse."""
    monkeypatch.delenv("ENGINE", raising=False)
    assert command.main(tmp_path) == 1
    assert "There is no commit to rehearse" in capsys.readouterr().err


def test_rehearsal_in_which_nothing_ran_fails(source, monkeypatch, capsys):
    """Every sentence about what went wrong is told, and the status is not 0."""
    monkeypatch.setenv("ENGINE", "codepipeline")
    monkeypatch.setitem(command.ENGINES, "codepipeline", lambda sandbox: [])
    assert command.main(source) == 1
    printed, told = capsys.readouterr()
    assert "No container runs the production image." in printed
    assert told.startswith("The rehearsal failed.\nThe stage build was skipped.\n")


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


@pytest.mark.parametrize("number", exhaustive.rows(command.SIGNALS, signal.SIGTERM))
def test_signal_leaves_nothing_behind(docker, tmp_path, number):
    """A rehearsal that is interrupted in a step leaves no process and no file."""
    source = small_project(tmp_path / "source")
    marker = tmp_path / "pid"
    (source / "Makefile").write_text(f"test-app:\n\t@echo $$$$ > {marker}; exec sleep 300\n")
    subprocess.run(["git", "-C", source, "add", "."], check=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", source, *author, "commit", "-qm", "Sleep"], check=True)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "ENGINE": ""}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, source],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        wait_for(marker)
        process.send_signal(number)
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 128 + number, printed
    assert "Ending: containers, images and processes are removed." in printed
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


def wait_for(marker: Path) -> None:
    """Wait until a file has content."""
    deadline = time.monotonic() + 120
    while not (marker.exists() and marker.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_module_is_a_command(monkeypatch, capsys):
    """`python -m template.rehearsal` ends with the status of the rehearsal."""
    monkeypatch.setenv("ENGINE", "jenkins")
    monkeypatch.delitem(sys.modules, "template.rehearsal.__main__")
    with pytest.raises(SystemExit, match="1"):
        runpy.run_module("template.rehearsal", run_name="__main__")
    assert "ENGINE must be one of" in capsys.readouterr().err
