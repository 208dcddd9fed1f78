"""Executables named aws and gh on PATH whose every call reaches a double in the test's process."""

import socketserver
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# Forwards its call and repeats the answer; each word ends in a NUL. In bash, which starts in 3 ms,
# because one run of setup makes some sixty calls.
CLIENT = """#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port}
if [[ -t 0 && -t 1 ]]; then stdin='a terminal'; else IFS= read -rd '' stdin; fi
set -- "${{0##*/}}" "$stdin" "$AWS_ROLE_ARN" "$AWS_WEB_IDENTITY_TOKEN_FILE" "$@"
printf '%s\\0' "$#" "$@" >&3
IFS= read -rd '' code <&3 && IFS= read -rd '' out <&3 && IFS= read -rd '' err <&3
printf '%s' "$out"
printf '%s' "$err" >&2
exit "$code"
"""


class RefusedError(Exception):
    """A program that says no: what it prints on standard error, and its exit code."""

    def __init__(self, said: str, code: int = 1, out: str = "") -> None:
        super().__init__(said)
        self.said, self.code, self.out = said, code, out


class Call(NamedTuple):
    """One call of a program, and whether it changed something."""

    words: tuple[str, ...]
    changes: bool


@dataclass
class Desk:
    """What the executables reach: doubles by program name, and the calls that were made."""

    doubles: dict[str, Callable] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    fault: BaseException | None = None
    before: Callable[[tuple[str, ...]], None] = lambda words: None

    def answer(self, program: str, words: list[str], stdin: str, environment: dict) -> list:
        """Return exit code, output and errors of a call."""
        try:
            self.before((program, *words))
            out, changes = self.doubles[program](words, stdin, environment)
        except RefusedError as refusal:
            self.calls.append(Call((program, *words), changes=False))
            return [refusal.code, refusal.out, refusal.said + "\n"]
        self.calls.append(Call((program, *words), changes))
        return [0, out, ""]

    def changes(self) -> list[str]:
        """Return the calls that changed something."""
        return [" ".join(call.words) for call in self.calls if call.changes]


class Server(socketserver.TCPServer):
    """Answers the executables, one call at a time."""

    desk: Desk
    programs: Path

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep a double's own fault for the test to find; a caller that was interrupted is none."""
        fault = sys.exc_info()[1]
        if not isinstance(fault, ConnectionError):
            self.desk.fault = fault


class Handler(socketserver.StreamRequestHandler):
    """One call of an executable."""

    def handle(self) -> None:
        """Answer the call."""
        program, stdin, role, token, *words = [self.word() for _ in range(int(self.word()))]
        environment = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": token}
        answer = self.server.desk.answer(program, words, stdin, environment)
        self.wfile.write("".join(f"{part}\0" for part in answer).encode())

    def word(self) -> str:
        """Return the next word of the call."""
        return b"".join(iter(lambda: self.rfile.read(1), b"\0")).decode()


def serve(folder: Path) -> Server:
    """Write the executables into a folder and answer them from a thread."""
    server = Server(("127.0.0.1", 0), Handler)
    for name in ("aws", "gh"):
        program = folder / name
        program.write_text(CLIENT.format(port=server.server_address[1]))
        program.chmod(0o755)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    return server


def parse(words: list[str], known: dict[str, str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return positional words and options; refuse those that are not known."""
    positional, options = [], {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            positional.append(word)
            continue
        word, sign, value = word.partition("=")
        rest = [value, *rest] if sign else rest
        kind = known.get(word)
        if kind is None:
            raise RefusedError(f"Unknown options: {word}", 252)
        options[word] = [rest.pop(0)] if sign else take(rest, kind)
        if kind == "one" and len(options[word]) != 1:
            raise RefusedError(f"argument {word}: expected one argument", 252)
    return positional, options


def take(rest: list[str], kind: str) -> list[str]:
    """Take an option's values from the words that follow it."""
    most = {"flag": 0, "one": 1, "many": len(rest)}[kind]
    values = []
    while rest and len(values) < most and not is_option(rest[0]):
        values.append(rest.pop(0))
    return values


def is_option(word: str) -> bool:
    """Return whether a word is taken for an option: a hyphen alone is standard input."""
    return word.startswith("-") and word != "-"
