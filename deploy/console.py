"""Talking to the person at the terminal."""

import os
import re
import sys

from deploy.errors import SetupError

# All of C0 and C1 but the tab and the line's end, and what turns the direction of a text around.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


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
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def leave_pipe() -> None:
    """Print nothing any more: https://docs.python.org/3/library/signal.html#note-on-sigpipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Return a text without the characters that command a terminal, its lines and tabs kept."""
    return CONTROLS.sub("", text)
