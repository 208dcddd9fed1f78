"""Running the AWS CLI and the GitHub CLI, and checking that they are here."""

import os
import re
import subprocess

from deploy.errors import ProgramError, SetupError

# Knows create-change-set --import-existing-resources, which takes back what a teardown kept (2023).
AWS_VERSION = (2, 15)
# Knows gh variable (2023).
GH_VERSION = (2, 27)

INSTALL_AWS = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
INSTALL_GH = "https://cli.github.com"

# Nothing may wait for a person: both programs would page or ask when they find a terminal.
QUIET = {"AWS_PAGER": "", "GH_PAGER": "cat", "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"}


def run(*arguments: str, stdin: str | None = None) -> str:
    """Return what a program prints; raise ProgramError where it fails."""
    ended = subprocess.run(
        arguments,
        input=stdin or "",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **QUIET},
    )
    if ended.returncode:
        raise ProgramError(arguments, ended.stderr.strip())
    return ended.stdout


def check_programs() -> None:
    """Raise SetupError unless both programs are here and new enough."""
    check_version("aws", "The AWS CLI", AWS_VERSION, INSTALL_AWS)
    check_version("gh", "The GitHub CLI", GH_VERSION, INSTALL_GH)


def check_version(program: str, name: str, least: tuple[int, int], install: str) -> None:
    """Raise SetupError unless the program is here in the least version or later."""
    wanted = ".".join(map(str, least))
    try:
        said = run(program, "--version")
    except FileNotFoundError:
        raise SetupError(
            f"{name} (`{program}`) is not installed.",
            f"Install version {wanted} or later ({install}), then run this again.",
        ) from None
    found = re.search(r"(\d+)\.(\d+)", said)
    if not found or (int(found[1]), int(found[2])) < least:
        raise SetupError(
            f"{name} is too old: {said.splitlines()[0] if said else 'it tells no version'}",
            f"Install version {wanted} or later ({install}), then run this again.",
        )
