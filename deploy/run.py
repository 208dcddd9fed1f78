"""`python3 -m deploy run` and `shell`: a command in a task of its own, on what the stage runs."""

import html
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.cluster import cluster_of_job, find_cluster
from deploy.console import remark, say
from deploy.errors import ProgramError, SetupError
from deploy.errors import explain as explain_error
from deploy.programs import QUIET
from deploy.settings import Settings
from deploy.task import POLL_SECONDS, Task, ask_of, explain, follow

# bash where the image has it; both through the image's entry point.
SHELL = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"]
SHELLS_ARE_OFF = (
    "Shells are off in {stage}: a command gets no input there, so give it all that it asks for as"
    " options (docs/operations.md), or set `shell = true` in stages.toml, then `make setup`."
)
PLUGIN = "session-manager-plugin"
INSTALL_PLUGIN = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)
START_SECONDS = 300  # for the image to be pulled and the agent to answer
# Between the command's end and ECS knowing the task's.
END_SECONDS = 60
AGENT = "ExecuteCommandAgent"
# The task's own command waits for the exit code of the session's, which ECS Exec does not tell,
# and ends with it; after twelve hours by itself, should nobody be there to stop it.
WAIT = """\
pwd >"$1.folder"
seconds=0
while [ ! -s "$1.exit" ] && [ "$seconds" -lt 43200 ]; do sleep 1; seconds=$((seconds + 1)); done
exit "$(cat "$1.exit")"
"""
# The session begins without the image's entry point, and perhaps in another folder.
# Ctrl-C is for the command, not for the shell that waits for its exit code.
SESSION = """\
files=$1; shift
cd "$(cat "$files.folder")"
[ ! -f deploy/entrypoint.py ] || set -- python deploy/entrypoint.py "$@"
trap : INT
"$@"
echo $? >"$files.exit"
"""


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
    if not clean_up(task):
        return
    if not task.arn:
        remark(f"ECS had not answered yet. What it starts all the same: {task.stop_command}")
        return
    try:
        follow(task)
    except SetupError as error:  # it never ran, or AWS does not tell
        remark(str(error))
    except KeyboardInterrupt:
        remark("\nLeft. ECS is stopping the task.")


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


def check_plugin(otherwise: str) -> None:
    """Raise SetupError unless the AWS CLI can open sessions; `otherwise` is a command without."""
    if not shutil.which(PLUGIN):
        raise SetupError(
            f"The AWS CLI opens a terminal by its Session Manager plugin (`{PLUGIN}`), which is not"
            " installed.",
            f"Install it ({INSTALL_PLUGIN}), then run this again, or do without: `{otherwise}`.",
        )


def run_in_session(task: Task, service: dict[str, Any]) -> int:
    """Run a task's command at this terminal and return its exit code; the task ends with it.

    Raises SetupError where no session comes about, or where it ends before the command.
    """
    files = f"/tmp/session-{secrets.token_hex(8)}"  # noqa: S108 - in a container of its own
    command, task.command, task.shell = task.command, ["sh", "-c", WAIT, "wait", files], True
    code = None
    try:
        task.start(service)
        wait_for_agent(task)
        open_session(task, ["sh", "-c", SESSION, "session", files, *command])
        code = exit_code(task)
    except KeyboardInterrupt:
        return 130
    finally:
        if code is None:
            clean_up(task)
    explain({"exitCode": code})
    return code


def wait_for_agent(task: Task) -> None:
    """Return once a task takes sessions; raise SetupError where it does not come to that."""
    began, last = time.monotonic(), ""
    while time.monotonic() - began < START_SECONDS:
        told = ask_of(task, task.look)
        own = task.own(told)
        if "exitCode" in own or told["lastStatus"] == "STOPPED":
            follow(task)  # shows what it wrote, and raises where it never ran
            raise SetupError("The task ended before the session began.", "Mend what it says above.")
        if told["lastStatus"] == "RUNNING" and agent_of(own) == "RUNNING":
            return
        if told["lastStatus"] != last:
            last = told["lastStatus"]
            remark(f"Task {task.id}: {last}")
        time.sleep(POLL_SECONDS)
    raise SetupError(
        f"The task {task.id} takes no session after {START_SECONDS // 60} minutes.",
        "Look at `shell` in stages.toml and at what `make doctor` says, then run this again.",
    )


def agent_of(container: dict[str, Any]) -> str:
    """Return how the agent in a container is doing that sessions lead to."""
    agents = container.get("managedAgents", [])
    return next((one["lastStatus"] for one in agents if one["name"] == AGENT), "")


def open_session(task: Task, command: list[str]) -> None:
    """Give the terminal to a command in the task's container until that ends."""
    words = ("--task", task.id, "--container", task.container["name"], "--interactive")
    place = ("--cluster", task.cluster.name, *task.cluster.aws.place)
    # Ctrl-C is the command's there. A handler, unlike SIG_IGN, is not handed down to the AWS CLI.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        subprocess.run(
            # The agent splits the command as a shell does, and runs it without one.
            ["aws", "ecs", "execute-command", *place, *words, "--command", shlex.join(command)],
            env={**os.environ, **QUIET},
            check=False,  # it says itself what is wrong
        )
    finally:
        signal.signal(signal.SIGINT, before)


def exit_code(task: Task) -> int:
    """Return the exit code of a session's command, which the task's own command takes over."""
    began = time.monotonic()
    while time.monotonic() - began < END_SECONDS:
        own = task.own(ask_of(task, task.look))
        if "exitCode" in own:
            return own["exitCode"]
        time.sleep(POLL_SECONDS)
    raise SetupError(
        "The session ended before its command did, so there is no exit code.",
        "See what it did, then run this again. Its task is being stopped.",
    )


def clean_up(task: Task) -> bool:
    """Stop a task and return whether ECS was told to; where it was not, say how to."""
    try:
        task.stop()
    except (ProgramError, KeyboardInterrupt) as error:
        why = f" {explain_error(error)}" if isinstance(error, ProgramError) else ""
        remark(f"\nThe task was not stopped, and may go on: {task.stop_command}.{why}")
        return False
    return True
