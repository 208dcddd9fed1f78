"""`python3 -m deploy run` and `shell`: a command in a task of its own, on what the stage runs."""

import html
import secrets
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.cluster import cluster_of_job, find_cluster
from deploy.console import remark, say
from deploy.errors import SetupError
from deploy.session import check_plugin, run_in_session
from deploy.settings import Settings
from deploy.task import Task, follow

# bash where the image has it; both through the image's entry point.
SHELL = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"]
SHELLS_ARE_OFF = (
    "Shells are off in {stage}: a command gets no input there, so give it all that it asks for as"
    " options (docs/operations.md), or set `shell = true` in stages.toml, then `make setup`."
)


def run(settings: Settings, stage: str, command: list[str], *, terminal: bool) -> int:
    """Run a command in a stage and return its exit code, 130 after Ctrl-C.

    It gets this terminal where there is one, `terminal` allows it and the stage has shells.
    Raises SetupError where it cannot be run.
    """
    if not command:
        raise SetupError(
            "There is no command to run.",
            f"Name one: `python3 -m deploy run {stage} -- python manage.py check`.",
        )
    cluster = find_cluster(settings, stage)
    service = cluster.service()
    task = Task(cluster, command)
    if not (terminal and sys.stdin.isatty() and sys.stdout.isatty()):
        return run_to_end(task, service)
    if service.get("enableExecuteCommand"):
        check_plugin(f"python3 -m deploy run --no-tty {stage} -- {shlex.join(command)}")
        return run_in_session(task, service)
    remark(SHELLS_ARE_OFF.format(stage=stage))
    return run_to_end(task, service)


def shell(settings: Settings, stage: str) -> int:
    """Open a shell in a task of its own in a stage, and return its exit code.

    Raises SetupError where there is no terminal, or where the stage has no shells.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SetupError(
            "A shell needs a terminal.",
            f"Run one command: `python3 -m deploy run {stage} -- python manage.py check`.",
        )
    cluster = find_cluster(settings, stage)
    service = cluster.service()
    if not service.get("enableExecuteCommand"):
        raise SetupError(
            f"Shells are off in {stage}.",
            "Set `shell = true` in stages.toml, then `make setup`: docs/operations.md.",
        )
    check_plugin(f"python3 -m deploy run {stage} -- python manage.py check")
    return run_in_session(Task(cluster, SHELL), service)


def run_to_end(task: Task, service: dict) -> int:
    """Run a task's command without input, and return its exit code; Ctrl-C stops it."""
    try:
        task.start(service)
        return follow(task)
    except KeyboardInterrupt:
        end(task)
        return 130


def end(task: Task) -> None:
    """Stop a task and show what it still writes; a second Ctrl-C leaves at once."""
    remark("\nStopping the task, which may take a minute. Ctrl-C again leaves it alone.")
    try:
        task.stop()
        if task.arn:
            follow(task)
    except SetupError as error:  # it never ran, or AWS does not tell
        remark(str(error))
    except KeyboardInterrupt:
        remark(f"\nLeft. If it still runs, stop it: {task.stop_command}")


def run_in_job(environment: Mapping[str, str]) -> int:
    """Run the COMMAND of a workflow's job in its stage, report in the job's summary, and return
    the command's exit code; raise SetupError where it cannot be run."""
    try:
        command = shlex.split(environment["COMMAND"])
    except ValueError as error:
        raise SetupError(f"The command cannot be read: {error}.", "Mend its quotes.") from None
    if not command:
        raise SetupError("There is no command to run.", "Give one: python manage.py check.")
    cluster = cluster_of_job(environment)
    task = Task(cluster, command)
    began = time.monotonic()
    ended = "It did not run to its end."
    try:
        with commands_stopped():
            code = run_to_end(task, cluster.service())
        ended = f"Exit code {code}, after {time.monotonic() - began:.0f} seconds."
    finally:
        report(environment, task, ended)
    if code:
        say(f"::error title=Command in {cluster.stage}::It ended with exit code {code}.")
    return code


@contextmanager
def commands_stopped() -> Iterator[None]:
    """Let lines that others write give GitHub no commands."""
    token = secrets.token_hex(16)
    say(f"::stop-commands::{token}")
    try:
        yield
    finally:
        say(f"::{token}::")


def report(environment: Mapping[str, str], task: Task, ended: str) -> None:
    """Write what was run, and how it ended, into the job's summary."""
    command = html.escape(environment["COMMAND"]).replace("\n", " ")
    with Path(environment["GITHUB_STEP_SUMMARY"]).open("a") as summary:
        summary.write(f"### Command in {task.cluster.stage}\n\n<code>{command}</code>\n\n{ended}\n")
        if task.arn:
            summary.write(f"Task `{task.id}` in the cluster `{task.cluster.name}`.\n")
