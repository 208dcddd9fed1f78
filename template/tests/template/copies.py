"""Copies of the template, as GitHub makes them, and what people do in them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from template.rehearsal.machine import PASSED_ON
from template.tests.docs.conftest import copy_to

FUTURE = 4_000_000_000  # seconds since 1970: no file is newer than what is installed then
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """What git prints in a folder; raises CalledProcessError."""
    return subprocess.run(
        ["git", *AUTHOR, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def fresh_copy(folder: Path) -> Path:
    """A folder with the files of this repository in one commit, as Use this template makes it."""
    copy_to(folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Owner")
    git(folder, "config", "user.email", "owner@localhost")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Initial commit")
    return folder


def clone(source: Path, folder: Path) -> Path:
    """A copy of a repository with all that is in its folder."""
    shutil.copytree(source, folder, symlinks=True)
    return folder


def ready_venv(folder: Path) -> Path:
    """Make a virtual environment that is this one, and that make takes for installed."""
    folder.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if not entry.name.endswith("stamp"):
            (folder / entry.name).symlink_to(entry)
    for name in ("run.stamp", "dev.stamp"):
        (folder / name).touch()
        os.utime(folder / name, (FUTURE, FUTURE))
    return folder


def make(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, with the tools of these tests; output and errors are one text."""
    venv = folder.parent / "venv"
    if not venv.exists():
        ready_venv(venv)
    environment = {
        **{key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)},
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "LANG": "C.UTF-8",
        "NAME": "a-machine-on-wsl",
        "PYTEST_XDIST_AUTO_NUM_WORKERS": "1",  # these tests have the processors already
        "VENV": str(venv),
        **more,
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
