"""Copies the files that name the packages, so that a change of anything else installs nothing."""

import json
import os
import re
import shutil
from pathlib import Path

from docker_image.console import say
from docker_image.project import find_package_file, find_project, read

INCLUDE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)", re.MULTILINE)
# The project itself: it is not installed, its folder is on the path.
ITSELF = re.compile(
    r"^\s*(?:-e\s+|--editable[\s=]+)?(?:file:)?\.(?:\[[\w,-]*\])?\s*$", re.MULTILINE
)
LOCAL = re.compile(r"^\s*(?:-e\s+|--editable[\s=]+)?((?:file:)?\.{0,2}/?[\w./-]+)", re.MULTILINE)


def main(root: str, target: str) -> None:
    """Copy what pip will read, below the same names, and note which file is the first."""
    folder = Path(root)
    project = find_project(folder, os.environ.get("PROJECT_DIR", ""))
    chosen = find_package_file(folder, project, os.environ.get("REQUIREMENTS", ""))
    say(f"manage.py: {project.relative_to(folder) / 'manage.py'} (ARG PROJECT_DIR)")
    say(f"packages: {chosen.relative_to(folder)} (ARG REQUIREMENTS)")
    for path in files_of(chosen):
        copy(path, folder, Path(target))
    note = Path(target) / "chosen.json"
    note.write_text(json.dumps(chosen.relative_to(folder).as_posix()))


def files_of(chosen: Path) -> set[Path]:
    """The file, with what it includes and what its tool reads beside it."""
    if chosen.suffix == ".lock":
        return {chosen, *chosen.parent.glob("pyproject.toml"), *chosen.parent.glob("Pipfile")}
    if chosen.suffix == ".toml":
        return {chosen}
    return included(chosen, set())


def included(path: Path, seen: set[Path]) -> set[Path]:
    """A requirements file and those that it includes, and theirs, and packages beside them."""
    seen.add(path)
    text = read(path)
    for name in INCLUDE.findall(text):
        further = (path.parent / name).resolve()
        if further.is_file() and further not in seen:
            included(further, seen)
    here = (
        path.parent / name.removeprefix("file:") for name in LOCAL.findall(ITSELF.sub("", text))
    )
    seen.update(beside.resolve() for beside in here if beside.exists())
    return seen


def copy(path: Path, root: Path, target: Path) -> None:
    """Copy a file or a folder to the same place below the target."""
    place = target / path.relative_to(root)
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, place, dirs_exist_ok=True)
    elif path.suffix == ".txt":
        place.write_text(ITSELF.sub("", read(path)))
    else:
        shutil.copyfile(path, place)
