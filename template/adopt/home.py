"""Where the files of the template lie in a project: in deploy/, unless that is taken."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from template.adopt.project import read

# A folder that tools leave alone when they look for packages, as setuptools' automatic discovery.
OTHER = "tools/deploy"
# What setuptools takes for no package: with two others it refuses to choose by itself.
LEFT_OUT = {
    *("ci", "bin", "debian", "doc", "docs", "documentation", "manpages", "news", "newsfragments"),
    *("changelog", "test", "tests", "example", "examples", "scripts", "tools", "util", "utils"),
    *("python", "build", "benchmark", "benchmarks", "exercise", "exercises", "htmlcov"),
}


@dataclass(frozen=True)
class Home:
    """The folder, and why it is not deploy/ where it is another."""

    path: str = "deploy"
    reason: str = ""

    @property
    def module(self) -> str:
        """The folder as Python imports it."""
        return self.path.replace("/", ".")

    def moved(self, text: str) -> str:
        """What a file of the template says, with the folder's own name in it."""
        if self.path == "deploy":
            return text
        text = re.sub(r"(?<![\w./-])deploy/", f"{self.path}/", text)
        text = re.sub(r"(?<=/app/)deploy/", f"{self.path}/", text)
        text = re.sub(r"\b(from|import) deploy\b", rf"\1 {self.module}", text)
        return re.sub(r"(-m )deploy\b", rf"\1{self.module}", text)


def find_home(root: Path) -> Home:
    """The folder for the template's files: another than deploy/ only where that would disturb."""
    folder = root / "deploy"
    if folder.exists() and not (folder / "infra/stage.yml").is_file():
        return Home(OTHER, "you have a deploy/ of your own")
    if discovers_packages(root):
        return Home(OTHER, "setuptools would take deploy/ for a package of yours")
    return Home()


def discovers_packages(root: Path) -> bool:
    """Whether setuptools finds the project's only package by itself, in the root.

    https://setuptools.pypa.io/en/latest/userguide/package_discovery.html#automatic-discovery
    """
    try:
        pyproject = tomllib.loads(read(root / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return False
    build = pyproject.get("build-system")
    backend = (build or {}).get("build-backend", "setuptools")
    if (build is None and "project" not in pyproject) or not backend.startswith("setuptools"):
        return False
    said = pyproject.get("tool", {}).get("setuptools", {})
    elsewhere = re.search(
        r"packages|py_modules", read(root / "setup.cfg") + read(root / "setup.py")
    )
    if {"packages", "py-modules"} & set(said) or elsewhere or (root / "src").is_dir():
        return False
    folders = [path.name for path in root.iterdir() if path.is_dir() and path.name.isidentifier()]
    return len([name for name in folders if name not in LEFT_OUT and name != "deploy"]) == 1
