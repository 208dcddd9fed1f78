"""Where a project keeps its manage.py, its settings and the names of its packages."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from docker_image.console import refuse

# A production file includes the common ones; a lock file is what its tool installs from.
PACKAGE_FILES = (
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements-production.txt",
    "requirements-prod.txt",
    "requirements.txt",
    "requirements/requirements.txt",
    "requirements/base.txt",
    "requirements/common.txt",
    "requirements/main.txt",
    "pyproject.toml",
)
ELSEWHERE = {"node_modules", "site-packages", "venv", "env", "docs"}
SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"'\]]+(?:,|\s*=)\s*[\"']([\w.]+)[\"']")


def find_project(root: Path, chosen: str = "") -> Path:
    """The folder of manage.py: the root, or up to two levels below; raises SystemExit otherwise."""
    if chosen:
        return chosen_project(root, chosen)
    found = candidates(root)
    if not found:
        raise refuse(
            "There is no manage.py of Django, neither in the root nor one or two folders below.",
            'Name its folder at the top of the Dockerfile: ARG PROJECT_DIR="path/to/folder"'
            " and see that .dockerignore lets it through.",
        )
    if len(found) > 1:
        names = [folder.relative_to(root).as_posix() for folder in found]
        raise refuse(
            f"There is more than one manage.py: in {', '.join(names)}.",
            f'Choose one at the top of the Dockerfile: ARG PROJECT_DIR="{names[0]}"',
        )
    return found[0]


def candidates(root: Path) -> list[Path]:
    """The folders of every manage.py of Django on the uppermost level that has one."""
    for level in ("manage.py", "*/manage.py", "*/*/manage.py"):
        if found := [path.parent for path in search(root, level) if "django" in read(path)]:
            return found
    return []


def chosen_project(root: Path, chosen: str) -> Path:
    """The folder that somebody chose; raises SystemExit where it has no manage.py."""
    if not (root / chosen / "manage.py").is_file():
        raise refuse(
            f"There is no manage.py in {chosen}.",
            "Correct ARG PROJECT_DIR at the top of the Dockerfile, or leave it empty.",
        )
    return root / chosen


def find_package_file(root: Path, project: Path, chosen: str = "") -> Path:
    """The file that names the packages, in the project's folder or above; or SystemExit."""
    found = next(package_files(root, project, (chosen,) if chosen else PACKAGE_FILES), None)
    if not found:
        raise refuse(
            f"No file names the packages. Looked for {chosen or ', '.join(PACKAGE_FILES)}.",
            'Name it at the top of the Dockerfile: ARG REQUIREMENTS="path/to/requirements.txt"'
            " and see that .dockerignore lets it through.",
        )
    return found


def package_files(root: Path, project: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """The files that name packages and fit, in the order of the patterns, the nearest first."""
    folders = [folder for folder in (project, *project.parents) if folder.is_relative_to(root)]
    return (
        path
        for pattern in patterns
        for folder in folders
        for path in sorted(folder.glob(pattern))
        if names_packages(path)
    )


def names_packages(path: Path) -> bool:
    """Whether it is a file that can be installed from; a pyproject.toml need not be."""
    if path.name == "pyproject.toml" and path.is_file():
        return "dependencies" in tomllib.loads(read(path)).get("project", {})
    return path.is_file()


def find_settings(project: Path) -> str:
    """The settings module that wsgi.py names, or else manage.py; empty where neither does."""
    servers = [read(path) for path in search(project, "**/wsgi.py")]
    for text in (*servers, read(project / "manage.py")):
        if found := SETTINGS.search(text):
            return found[1]
    return ""


def search(folder: Path, pattern: str) -> Iterator[Path]:
    """The project's own files that fit, in order, the upper ones first."""
    found = sorted(folder.glob(pattern), key=lambda path: (len(path.parts), path))
    return (path for path in found if not installed(path.relative_to(folder)))


def installed(path: Path) -> bool:
    """Whether it lies where tools keep other people's files."""
    return any(part in ELSEWHERE or part.startswith(".") for part in path.parts)


def read(path: Path) -> str:
    """The text of a file, whatever its encoding."""
    return path.read_text(encoding="utf-8", errors="replace")
