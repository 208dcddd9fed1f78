"""Formats Python code: with other names lines have other lengths, and imports another order."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# The package's pin, with the hashes in the lines that follow.
PIN = re.compile(r"^ruff==(\S+).*\n(?:    --hash.*\n)+", re.MULTILINE)


def format_code(folder: Path) -> None:
    """Format a project's code with the ruff that it pins, or say that its owner has to."""
    pin = PIN.search((folder / "requirements-dev.txt").read_text())
    with tempfile.TemporaryDirectory() as place:
        try:
            ruff = find(pin[1]) or install(pin[0], Path(place))
            for command in ("check --select=I --fix", "format"):
                subprocess.run(
                    [ruff, *command.split(), "--no-cache", "."],
                    cwd=folder,
                    check=True,
                    capture_output=True,
                )
        except (OSError, subprocess.CalledProcessError):
            print("The code is not formatted for its new names. Run afterwards: make format")


def find(version: str) -> str | None:
    """Return the path of a ruff of the version, if there is one."""
    path = shutil.which("ruff")
    if path is None:
        return None
    said = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
    return path if said.split()[1:2] == [version] else None


def install(pin: str, place: Path) -> str:
    """Install ruff into a folder and return its path; raises CalledProcessError without pip."""
    wanted = place / "requirements.txt"
    wanted.write_text(pin)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    target = place / "packages"
    subprocess.run(
        [*command, "--no-deps", "--require-hashes", "--target", target, "-r", wanted],
        check=True,
        capture_output=True,
    )
    return str(target / "bin/ruff")
