"""Turns the lock files of uv, Poetry and Pipenv into requirements with hashes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from docker_image.console import refuse

HERE = Path(__file__).parent
UV = ("uv", "export", "--frozen", "--no-dev", "--no-emit-workspace", "--no-header", "--quiet")
MICROPIPENV = ("micropipenv", "requirements", "--no-dev", "--method")
EXPORTS = {
    "uv.lock": UV,
    "poetry.lock": (*MICROPIPENV, "poetry"),
    "Pipfile.lock": (*MICROPIPENV, "pipenv"),
}


def export_lock(lock: Path) -> Path:
    """Write what a lock file says beside it, as pip reads it; the tool that does it is thrown away.

    Raises SystemExit where the tool refuses the file.
    """
    written = lock.with_name("from-lock.txt")
    try:
        written.write_text(export(lock))
    except subprocess.CalledProcessError as error:
        raise refuse(
            f"{lock.name} could not be read: `{' '.join(error.cmd[:2])}` says above why.",
            "At the top of the Dockerfile: for another Python set ARG BASE_IMAGE; for another file"
            ' ARG REQUIREMENTS="requirements.txt".',
        ) from None
    return written


def export(lock: Path) -> str:
    """What the tool makes of its lock file; raises CalledProcessError where it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        pip = [sys.executable, "-m", "pip", "--python", f"{folder}/bin/python", "install"]
        tools = ["--quiet", "--requirement", str(HERE / "tools.txt")]
        run(f"{folder}/bin", [*pip, *tools], lock.parent)
        return run(f"{folder}/bin", list(EXPORTS[lock.name]), lock.parent)


def run(path: str, command: list[str], folder: Path) -> str:
    """What a program prints that is looked for in the path first; raises CalledProcessError."""
    environment = {
        **os.environ,
        "PATH": f"{path}:{os.environ['PATH']}",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    ended = subprocess.run(
        command, cwd=folder, env=environment, check=True, text=True, stdout=subprocess.PIPE
    )
    return ended.stdout
