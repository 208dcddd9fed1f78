"""Prepares the project, with a placeholder for each variable that its settings want.

Nothing of it reaches the image: the variables end with this process.
"""

import os
import re
import subprocess
import sys

from docker_image.console import refuse, say

PLACEHOLDER = "placeholder"
# By the name of the variable: what its value must look like to be read.
VALUES = {
    r"DATABASE|\bDB_URL": "sqlite:////tmp/placeholder.sqlite3",
    r"(REDIS|CACHE|BROKER|CELERY).*(URL|URI)": "redis://localhost:6379/0",
    r"(URL|URI|DSN|ENDPOINT|ORIGIN)S?$": "https://placeholder@localhost/1",
    r"PORT$|TIMEOUT|SECONDS|_AGE$|COUNT$|SIZE$|LIMIT|DAYS$|_TTL$|_ID$": "1",
    r"HOSTS?$|DOMAIN$": "localhost",
    r"EMAIL": "placeholder@localhost",
}
NAME = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
# pydantic's way to say it: a field in a line of its own, whose variable is in capitals.
FIELD = re.compile(r"^(\w+)\n  Field required", re.MULTILINE)


def main(*places: str) -> None:
    """Prepare the project; raises SystemExit where its settings cannot be loaded or collected."""
    given = dict(pair.partition("=")[::2] for pair in os.environ["BUILD_VARIABLES"].split())
    added: dict[str, str] = {}
    while complaint := prepare(places, {**given, **added}):
        if not (more := next_placeholder(complaint, {**os.environ, **given}, added)):
            give_up(complaint)
        added |= more
    if added:
        say(f"variables: {' '.join(added)} had placeholders (ARG BUILD_VARIABLES)")


def prepare(places: tuple[str, ...], variables: dict[str, str]) -> str:
    """Prepare the project in a process of its own; what it complained of, or nothing."""
    ended = subprocess.run(
        [sys.executable, "-m", "docker_image", "prepare", *places],
        env={**os.environ, **variables},
        text=True,
        check=False,
        capture_output=True,
    )
    if ended.returncode == 0:
        say(ended.stdout)
        return ""
    return ended.stderr or f"It ended with exit code {ended.returncode} and said nothing."


def next_placeholder(
    complaint: str, known: dict[str, str], added: dict[str, str]
) -> dict[str, str]:
    """The variable that was missed with a value, or the last one with another; or nothing."""
    reason = message_of(complaint)
    if added and PLACEHOLDER in reason:
        return {list(added)[-1]: "1"}
    names = [*(field.upper() for field in FIELD.findall(reason)), *NAME.findall(reason)]
    fresh = [name for name in names if name not in known and name not in added]
    return {fresh[0]: placeholder(fresh[0])} if fresh and len(added) < 50 else {}


def message_of(complaint: str) -> str:
    """What a traceback says in the end, without the lines of code above it."""
    _, _, last = complaint.rpartition("\n  File ")
    return re.sub(r"^.*\n(?:    .*\n)*", "", last)


def placeholder(name: str) -> str:
    """A value that nobody uses, of the kind that the name tells."""
    fitting = (value for pattern, value in VALUES.items() if re.search(pattern, name))
    return next(fitting, PLACEHOLDER)


def give_up(complaint: str) -> None:
    """End the build with what was said and the lines that may mend it."""
    say(complaint)
    reason = complaint.strip().splitlines()[-1]
    names = NAME.findall(reason) or ["NAME"]
    raise refuse(
        f"The project could not be loaded with its settings: {reason}",
        "If its settings want a variable, give one that serves for the build:"
        f' ARG BUILD_VARIABLES="{names[0]}=value OTHER=value" at the top of the Dockerfile.\n'
        "If these are the wrong settings, name others there:"
        ' ARG SETTINGS="config.settings.production".\n'
        "If a package is missing, name another file there:"
        ' ARG REQUIREMENTS="requirements/production.txt".',
    )
