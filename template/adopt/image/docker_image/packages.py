"""Installs the packages of a project into /venv, and the web server where it is not among them."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from docker_image.console import refuse, say
from docker_image.system import install_compilers, needed_packages
from docker_image.tools import export_lock

HERE = Path(__file__).parent
# What pip says when it had to build a package and could not.
NOT_BUILT = re.compile(r"subprocess-exited-with-error|Failed to build|Cannot find command")


def main(source: str, virtual_environment: str, needed: str) -> None:
    """Install from the files in the source; write which Debian packages the image will need."""
    chosen = Path(source) / json.loads((Path(source) / "chosen.json").read_text())
    venv = Path(virtual_environment)
    install(venv, requirements_of(chosen))
    add_web_server(venv)
    packages = needed_packages(venv, set(installed(venv)))
    chosen_packages = os.environ.get("SYSTEM_PACKAGES", "").split()
    Path(needed).write_text("\n".join(sorted({*packages, *chosen_packages})))


def requirements_of(chosen: Path) -> Path:
    """A file that pip can read, with what the chosen one says."""
    if chosen.suffix == ".lock":
        return export_lock(chosen)
    if chosen.suffix == ".toml":
        written = chosen.with_name("from-pyproject.txt")
        wanted = tomllib.loads(chosen.read_text())["project"]["dependencies"]
        written.write_text("\n".join(wanted))
        return written
    return chosen


def install(venv: Path, requirements: Path) -> None:
    """Install the requirements, with compilers if one cannot be had without; SystemExit if not."""
    ended, said = pip(venv, requirements)
    if ended and NOT_BUILT.search(said):
        say("\nA package has to be compiled: installing ARG BUILD_PACKAGES, then trying again.\n")
        install_compilers()
        ended, said = pip(venv, requirements)
    if ended:
        raise refuse(
            f"pip could not install {requirements.name}; its reason is above.",
            "If a header file or a program is missing, add its Debian package to ARG BUILD_PACKAGES"
            " at the top of the Dockerfile. If another Python is needed, set ARG BASE_IMAGE."
            if NOT_BUILT.search(said)
            else "Another file can be named at the top of the Dockerfile: ARG REQUIREMENTS."
            " Another Python: ARG BASE_IMAGE.",
        )


def pip(venv: Path, requirements: Path, *options: str) -> tuple[int, str]:
    """Run pip for the virtual environment; its exit code, and what it printed."""
    command = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install"]
    command += ["--no-compile", *options, "--requirement", str(requirements)]
    said = ""
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            say(line.rstrip("\n"))
            said += line
    return process.returncode, said


def add_web_server(venv: Path) -> None:
    """Install gunicorn in the version that it is configured for, and whitenoise where missing."""
    there = installed(venv)
    paragraphs = re.split(r"\n(?=\w)", (HERE / "server.txt").read_text())
    missing = [text for text in paragraphs if is_missing(text.split()[0], there)]
    if missing:
        say(f"\nAdded to the project's packages: {', '.join(text.split()[0] for text in missing)}")
        written = venv / "server.txt"
        written.write_text("\n".join(missing))
        install_without_dependencies(venv, written)
        written.unlink()


def is_missing(pin: str, there: dict[str, str]) -> bool:
    """Whether a package like name==1.0 is to be installed; gunicorn's settings fit one version."""
    name, _, version = pin.partition("==")
    return there.get(name) != version if name == "gunicorn" else name not in there


def install_without_dependencies(venv: Path, requirements: Path) -> None:
    """Install exactly these: what the project has chosen stays as it is."""
    if pip(venv, requirements, "--no-deps")[0]:
        raise refuse(
            "pip could not add the web server; its reason is above.",
            "Put gunicorn and whitenoise into the project's own requirements.",
        )


def installed(venv: Path) -> dict[str, str]:
    """The packages in a virtual environment, by their names in small letters with hyphens."""
    folders = [str(folder) for folder in venv.glob("lib/python3*/site-packages")]
    found = distributions(path=folders)
    return {re.sub(r"[-_.]+", "-", item.name).lower(): item.version for item in found}
