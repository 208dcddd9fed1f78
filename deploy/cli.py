"""The command line: setup, teardown and doctor, and how each of them can end."""

import argparse
import os
import sys

from deploy.console import say
from deploy.create import setup
from deploy.doctor import doctor
from deploy.errors import ProgramError, SetupError
from deploy.journal import Journal
from deploy.refusals import explain
from deploy.settings import read_settings
from deploy.teardown import teardown
from deploy.workflow import doctor_in_workflow

COMMANDS = ("setup", "teardown", "doctor")


def main(arguments: list[str]) -> int:
    """Run a command; return 0, 1 where something has to be mended, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "--from-workflow", action="store_true", help="look from a job of GitHub Actions"
    )
    chosen = parser.parse_args(arguments)
    journal = Journal()
    try:
        carry_out(chosen.command, journal, from_workflow=chosen.from_workflow)
        return 0
    except (SetupError, ProgramError) as error:
        stop(error if isinstance(error, SetupError) else explain(error), journal)
        return 1
    except KeyboardInterrupt:
        say(f"\nInterrupted. {journal.so_far()}")
        say("AWS finishes by itself what it has begun.")
        say(f"Next: `make {chosen.command}` again; it waits for that and continues from there.")
        return 130


def carry_out(command: str, journal: Journal, *, from_workflow: bool) -> None:
    """Carry the command out; raise SetupError or ProgramError where it cannot go on."""
    if from_workflow:
        doctor_in_workflow(os.environ)
    elif command == "doctor":
        doctor(read_settings(os.environ))
    elif command == "teardown":
        teardown(read_settings(os.environ), journal)
    else:
        setup(read_settings(os.environ), journal)


def stop(error: SetupError, journal: Journal) -> None:
    """Say what went wrong, how far it came and what to do next."""
    lines = ["", str(error), *([journal.so_far()] if journal.done else []), f"Next: {error.advice}"]
    print("\n".join(lines), file=sys.stderr, flush=True)
