"""Talking to the person at the terminal: questions, the steps done so far, doctor's findings."""

import os
import re
import sys
from typing import NamedTuple

from deploy.errors import SetupError

# All of C0 and C1 but the tab and the line's end, and what turns the direction of a text around.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
GOOD, MISSING, WRONG, UNSEEN, NOTE = "ok", "missing", "wrong", "unseen", "note"


def say(line: str = "") -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def heading(text: str) -> None:
    """Print a line that opens a section."""
    say(f"\n{text}")


def answer(question: str) -> str:
    """Return what the person types, or nothing where nobody can be asked."""
    try:
        return input(question).strip()
    except EOFError:
        say()
        return ""


def agrees(question: str, *, yes: bool) -> bool:
    """Return whether the person agrees or has said YES=1."""
    return yes or answer(f"\n{question} [y/N] ").lower() in ("y", "yes")


def confirm(question: str, *, yes: bool) -> None:
    """Return when the person agrees or has said YES=1; raise SetupError otherwise."""
    if not agrees(question, yes=yes):
        raise SetupError(
            "Nothing was changed.",
            "Run it again and answer `y`, or add YES=1 to skip the question.",
        )


def confirm_by_typing(word: str, question: str, advice: str) -> None:
    """Return when the person types the word; raise SetupError otherwise."""
    if answer(f"\n{question} Type {word} to go on: ") != word:
        raise SetupError(
            f"Nothing was changed: that was not {word}.",
            advice,
        )


def remark(line: str) -> None:
    """Print a line beside the output: on standard error, also where the output goes elsewhere."""
    print(line, file=sys.stderr, flush=True)


def show(lines: list[str]) -> None:
    """Print lines that somebody else wrote, which give a terminal no commands.

    Raises BrokenPipeError where nobody reads them any more, as after `head`.
    """
    text = "".join(f"{line}\n" for line in lines)
    sys.stdout.write(CONTROLS.sub("", text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def leave_pipe() -> None:
    """Print nothing any more: https://docs.python.org/3/library/signal.html#note-on-sigpipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class Journal:
    """Steps with their outcome, printed as they happen."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.changes = 0

    def begin(self, what: str) -> None:
        """Say what is under way, where it takes long."""
        say(f"  ...        {what}")

    def note(self, outcome: str, what: str, *, changed: bool = True) -> None:
        """Say and remember what was done."""
        say(f"  {outcome:<10} {what}")
        self.done.append(what)
        self.changes += changed

    def so_far(self) -> str:
        """Return how far it came, for somebody who runs it again."""
        if not self.done:
            return "Nothing was changed yet."
        return f"Done before it stopped: {', '.join(self.done)}."


class Finding(NamedTuple):
    """One thing that doctor looked at."""

    state: str
    what: str
    mend: str = ""


def is_gap(finding: Finding) -> bool:
    """Return whether there is something to mend."""
    return finding.state in (MISSING, WRONG)


def print_findings(findings: list[Finding]) -> None:
    """Print the findings, each gap with what mends it."""
    for finding in findings:
        say(f"  {finding.state:<8} {finding.what}")
        if finding.mend:
            say(f"           mend: {finding.mend}")


def as_table(findings: list[Finding]) -> str:
    """Return the findings as a Markdown table for a job summary."""
    rows = ["| state | what | mend |", "| --- | --- | --- |"]
    for finding in findings:
        mend = f"`{escape(finding.mend)}`" if finding.mend else ""
        rows.append(f"| {finding.state} | {escape(finding.what)} | {mend} |")
    return "\n".join(rows)


def escape(text: str) -> str:
    """Return text that stays in its cell of a Markdown table."""
    return text.replace("\n", " ").replace("|", "\\|")
