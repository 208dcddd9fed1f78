"""Workflows run with the real act, and what happens is told in order."""

import os
import subprocess

import pytest

from template.rehearsal.github.act import Event, Run, events
from template.tests.pipeline.engines import LINGER
from template.tests.pipeline.test_processes import look_until, runs

WORKFLOW = """
name: Try
on: push
jobs:
  first:
    name: First
    runs-on: ubuntu-24.04
    steps:
      - uses: someone/action@v1
      - name: Speak
        run: |
          echo "variable ${{ vars.WORD }}, environment $PLACE"
          echo "### A summary" >> "$GITHUB_STEP_SUMMARY"
  second:
    name: Second
    needs: first
    runs-on: ubuntu-24.04
    steps:
      - name: End
        run: SECOND
"""
ACTION = "name: A\nruns: {using: composite, steps: [{shell: bash, run: echo stood in}]}\n"


@pytest.fixture
def start(tmp_path):
    """A function that prepares a run of the workflow with its last command."""

    def prepare(second: str) -> Run:
        checkout = tmp_path / "checkout"
        (checkout / ".github" / "workflows").mkdir(parents=True)
        (checkout / ".github" / "workflows" / "try.yml").write_text(
            WORKFLOW.replace("SECOND", second)
        )
        action = tmp_path / "action"
        action.mkdir()
        (action / "action.yml").write_text(ACTION)
        author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "Try"]):
            subprocess.run(["git", *command], cwd=checkout, check=True)
        return Run(
            checkout=checkout,
            workflow="try.yml",
            event="push",
            variables={"WORD": "given"},
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PLACE": "here",
                "BASH_ENV": str(LINGER),
            },
            actions={"someone/action@v1": action},
        )

    return prepare


def test_run_is_told_in_order(start):
    """Jobs, steps, their lines, results and summaries come as they happen."""
    with start("'true'").start() as happening:
        told = list(happening)
    assert [event.job for event in told if event.kind == "job"] == ["Try/First", "Try/Second"]
    lines = [event.text for event in told if event.kind == "line"]
    assert "stood in" in lines
    assert "variable given, environment here" in lines
    assert [event.text for event in told if event.kind == "summary"] == ["### A summary\n"]
    assert [event.text for event in told if event.kind == "job-result"] == ["success", "success"]
    speak = [event for event in told if event.step == "Speak"]
    assert [event.kind for event in speak] == ["step", "line", "step-result", "summary"]
    assert 0 < speak[2].seconds < 60


def test_failed_step_fails_its_job(start):
    """A failing command is told as the failure of its step and of its job."""
    with start("(exit 3)").start() as happening:
        told = list(happening)
    assert [event.text for event in told if event.kind == "job-result"] == ["success", "failure"]
    results = [event for event in told if event.kind == "step-result" and event.step == "End"]
    assert [event.text for event in results] == ["failure"]


def test_leaving_early_ends_everything(start):
    """What a step started is gone when the run is left before its end."""
    with start("echo pid $$; exec sleep 300").start() as happening:
        pid = next(int(event.text[4:]) for event in happening if event.text.startswith("pid "))
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_words_outside_the_log_are_kept():
    """A line that is not JSON, such as a crash, is passed on; an idle entry is not."""
    idle = '{"level": "info", "msg": "Using docker host"}\n'
    assert list(events(["panic: nil\n", idle, "42\n"])) == [
        Event("line", "", "", "panic: nil"),
        Event("line", "", "", "42"),
    ]


def test_error_of_act_is_a_line():
    """An error that act reports outside any step is told."""
    assert list(events(['{"level": "error", "msg": "no such workflow"}'])) == [
        Event("line", "", "", "no such workflow")
    ]


def test_process_that_ignores_the_signal_is_killed(monkeypatch, start):
    """A process that does not end when asked is killed, and reaped, with what it has started."""
    stubborn = "trap '' INT; echo $$; while :; do sleep 1; done"
    monkeypatch.setattr("template.rehearsal.processes.PATIENCE", 0.2)
    monkeypatch.setattr(Run, "command", lambda self: ["bash", "-c", stubborn])
    with start("'true'").start() as happening:
        pid = int(next(happening).text)
    look_until(False, runs, pid)
