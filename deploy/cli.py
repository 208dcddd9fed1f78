"""The command line: what creates a stage, and what operates it, and how each command can end."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.config import Changes, config
from deploy.console import Journal, leave_pipe, say
from deploy.create import setup
from deploy.doctor import doctor
from deploy.errors import ProgramError, SetupError, explain
from deploy.logs import Wish, logs
from deploy.restore import restore
from deploy.run import run, run_in_job, shell
from deploy.settings import read_settings
from deploy.status import status
from deploy.teardown import teardown
from deploy.update import update
from deploy.workflow import doctor_in_workflow

FROM_WORKFLOW = "--from-workflow"


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code: 0, 1 where something has to be mended, 130 after
    Ctrl-C, or what `run` and `shell` got from theirs."""
    chosen = read_arguments(arguments)
    journal = Journal()
    try:
        return chosen.carry_out(chosen, journal) or 0
    except (SetupError, ProgramError) as error:
        stop(error if isinstance(error, SetupError) else explain(error), journal)
        return 1
    except BrokenPipeError:  # whoever read it has enough
        leave_pipe()
        return 0
    except KeyboardInterrupt:
        interrupted(chosen.command, journal)
        return 130


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the command with its options; what stands after two hyphens is `run`'s alone."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    parser = make_parser()
    chosen, strange = parser.parse_known_args(arguments[:at])
    options = [word.partition("=")[0] for word in strange if re.match("-.", word)]
    # Words, and the hyphen of standard input, may stand behind options, where argparse does not
    # expect them.
    words = [word for word in strange if not re.match("-.", word)]
    if chosen.command == "run" and strange and at == len(arguments):
        parser.error("the command stands behind two hyphens: run STAGE -- COMMAND")
    if options or (words and chosen.command != "config"):
        parser.error(f"unrecognized arguments: {' '.join(options or words)}")
    chosen.words = getattr(chosen, "words", []) + words
    chosen.run = arguments[at + 1 :]
    return chosen


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)

    def add(name: str, carry_out: Callable, text: str, *stage: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(carry_out=carry_out)
        for nargs in stage:
            command.add_argument("stage", metavar="STAGE", nargs=nargs or None)
        return command

    add("setup", do_setup, "connect this repository to AWS, and bring its stages up to date")
    add("teardown", do_teardown, "undo the setup")
    of_doctor = add("doctor", do_doctor, "look what is missing, with the command that mends it")
    of_doctor.add_argument(FROM_WORKFLOW, action="store_true", help="look from a job of GitHub")
    of_config = add("config", do_config, "list, set and remove variables of a stage", "")
    of_config.add_argument("words", metavar="NAME", nargs="*", help=WORDS)
    of_config.add_argument("--file", default="", help="set those of a file: lines as in .env, JSON")
    of_config.add_argument("--unset", metavar="NAME", action="append", default=[], help="remove it")
    of_run = add("run", do_run, "run a command in a stage: run STAGE -- COMMAND", "?")
    of_run.add_argument("--no-tty", action="store_true", help="without this terminal's input")
    of_run.add_argument(FROM_WORKFLOW, action="store_true", help="the job's COMMAND")
    of_logs = add("logs", do_logs, "print what the containers of a stage write", "")
    of_logs.add_argument("--process", default="", help="only this one, such as web or worker")
    of_logs.add_argument("--follow", action="store_true", help="and what they will write")
    of_logs.add_argument("--since", default="1h", help="90s, 15m, 2h, 3d, or a time (UTC)")
    of_logs.add_argument("--request", metavar="ID", default="", help="only lines of this request")
    of_restore = add("restore", do_restore, "make a stage's database anew from a snapshot", "")
    of_restore.add_argument("snapshot", metavar="SNAPSHOT", nargs="?", default="", help=SNAPSHOT)
    add("shell", do_shell, "open a shell in a container of its own", "")
    add("status", do_status, "print what runs, since when, and how it is doing", "*")
    of_update = add("update", do_update, "take what is newer in the template: update URL")
    of_update.add_argument("url", metavar="URL", nargs="?", default="", help="the template's")
    return parser


SNAPSHOT = "its name or its ARN; without one, the snapshots that there are"
WORDS = "NAME asks for the value, NAME=value sets it, - reads lines as in .env from standard input"


def do_setup(_: argparse.Namespace, journal: Journal) -> None:
    """Create what is missing, and bring up to date what is there."""
    setup(read_settings(os.environ), journal)


def do_teardown(_: argparse.Namespace, journal: Journal) -> None:
    """Undo the setup."""
    teardown(read_settings(os.environ), journal)


def do_doctor(chosen: argparse.Namespace, _: Journal) -> None:
    """Look what is missing."""
    if chosen.from_workflow:
        doctor_in_workflow(os.environ)
    else:
        doctor(read_settings(os.environ))


def do_config(chosen: argparse.Namespace, journal: Journal) -> None:
    """List or change the variables of a stage."""
    changes = Changes(tuple(chosen.words), chosen.file, tuple(chosen.unset))
    config(read_settings(os.environ), chosen.stage, changes, journal)


def do_run(chosen: argparse.Namespace, _: Journal) -> int:
    """Run a command in a stage."""
    if chosen.from_workflow:
        return run_in_job(os.environ)
    if not chosen.stage:
        raise SetupError("No stage is named.", "python3 -m deploy run production -- COMMAND")
    settings = read_settings(os.environ)
    return run(settings, chosen.stage, chosen.run, terminal=not chosen.no_tty)


def do_logs(chosen: argparse.Namespace, _: Journal) -> None:
    """Print the log of a stage."""
    wish = Wish(chosen.process, chosen.request, chosen.since, chosen.follow)
    logs(read_settings(os.environ), chosen.stage, wish)


def do_restore(chosen: argparse.Namespace, journal: Journal) -> None:
    """Make the database of a stage anew from a snapshot."""
    restore(read_settings(os.environ), chosen.stage, chosen.snapshot, journal)


def do_shell(chosen: argparse.Namespace, _: Journal) -> int:
    """Open a shell in a stage."""
    return shell(read_settings(os.environ), chosen.stage)


def do_status(chosen: argparse.Namespace, _: Journal) -> None:
    """Print how stages are doing."""
    status(read_settings(os.environ), chosen.stage)


def do_update(chosen: argparse.Namespace, _: Journal) -> int:
    """Take what is newer in the template into this project."""
    return update(Path.cwd(), chosen.url)


def interrupted(command: str, journal: Journal) -> None:
    """Say how far a command came that Ctrl-C has ended."""
    if command == "logs":  # its usual end
        return
    say(f"\nInterrupted. {journal.so_far()}")
    if command in ("setup", "teardown", "doctor"):
        say("AWS finishes by itself what it has begun.")
        say(f"Next: `make {command}` again; it waits for that and continues from there.")
    if command == "restore":
        say("AWS finishes by itself what it has begun.")
        say(
            "Next: `make setup`, which brings the stage in line with the database that it has then."
        )


def stop(error: SetupError, journal: Journal) -> None:
    """Say what went wrong, how far it came and what to do next."""
    lines = ["", str(error), *([journal.so_far()] if journal.done else []), f"Next: {error.advice}"]
    print("\n".join(lines), file=sys.stderr, flush=True)
