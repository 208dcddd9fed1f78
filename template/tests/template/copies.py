"""Copies of the template, as GitHub makes them, and what people do in them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from template.tests.docs.conftest import copy_to

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


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, with the tools of these tests; output and errors are one text."""
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]]),
        "HOME": str(folder.parent),
        "LANG": "C.UTF-8",
        "NAME": "a-machine-on-wsl",
    }
    ready = [
        f"VENV={sys.prefix}",
        *("-o", f"{sys.prefix}/run.stamp", "-o", f"{sys.prefix}/dev.stamp"),
    ]
    return subprocess.run(
        ["make", *ready, *arguments],
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
