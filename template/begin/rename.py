"""Gives the sample other names: the project's package, the app, and what AWS calls it."""

import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from template.begin.names import check_names
from template.errors import TemplateError

PROJECT = "itemsAPP"
APP = "itemslist"
SLUG = "django-crud-app"


@dataclass(frozen=True)
class Change:
    """A file's name and content, before and after."""

    before: Path
    after: Path
    old: bytes
    new: bytes


def rename(root: Path, name: str, app: str) -> None:
    """Rename everything, or nothing; raises TemplateError with the reason."""
    check_names(root, name, app, (PROJECT, APP))
    check_clean(root)
    words = {PROJECT: name, APP: app, SLUG: slug(name)}
    changes = [
        change
        for path in tracked(root)
        if (change := plan(root, path, words)).new != change.old or change.before != change.after
    ]
    check_free(changes)
    carry_out(changes)
    remove_empty(root / "src")
    print(f"Renamed {PROJECT} to {name}, {APP} to {app} and {SLUG} to {slug(name)}", end=" ")
    print(f"in {len(changes)} files. Look at `git status`, run the tests, then commit.")


def slug(name: str) -> str:
    """The name as AWS and Python packages spell it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def git(root: Path, *arguments: str) -> str:
    """What git prints; raises TemplateError where it cannot."""
    try:
        ended = subprocess.run(
            ["git", *arguments], cwd=root, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise TemplateError(
            f"git does not answer here: {getattr(error, 'stderr', error)}",
            "Rename in a clone, or in a folder where you ran `git init` and committed all.",
        ) from None
    return ended.stdout


def check_clean(root: Path) -> None:
    """Raise TemplateError where something is not committed, which a mistake here would mix with."""
    if changed := git(root, "status", "--porcelain"):
        raise TemplateError(
            f"Not everything is committed:\n{changed.rstrip()}",
            "Commit it or put it away, then run it again: so that `git checkout .` undoes this.",
        )


def tracked(root: Path) -> list[Path]:
    """The files that git keeps."""
    names = git(root, "ls-files", "-z").split("\0")
    return [root / name for name in names if name and not (root / name).is_symlink()]


def plan(root: Path, path: Path, words: dict[str, str]) -> Change:
    """What becomes of a file."""
    name, old = path.relative_to(root).as_posix(), path.read_bytes()
    new = old
    for before, after in words.items():
        name = name.replace(before, after)
        new = new.replace(before.encode(), after.encode())
    return Change(path, root / name, old, new)


def check_free(changes: list[Change]) -> None:
    """Raise TemplateError where a new name is taken."""
    for change in changes:
        if change.after != change.before and change.after.exists():
            raise TemplateError(
                f"{change.after} is there already.", "Choose another name, or move that away."
            )


def carry_out(changes: list[Change]) -> None:
    """Make all changes; where one fails, take back those before it and raise TemplateError."""
    done: list[Change] = []
    try:
        for change in changes:
            done.append(change)
            move(change.before, change.after, change.new)
    except BaseException as error:
        for change in reversed(done):
            with suppress(OSError):
                move(change.after, change.before, change.old)
        if not isinstance(error, OSError):
            raise
        raise TemplateError(
            f"{error.filename} could not be changed: {error.strerror}.",
            "Nothing was renamed. Mend that, then run it again.",
        ) from None


def move(before: Path, after: Path, content: bytes) -> None:
    """Let a file have another name and content, and keep its mode."""
    after.parent.mkdir(parents=True, exist_ok=True)
    if before != after:
        before.rename(after)
    after.write_bytes(content)


def remove_empty(folder: Path) -> None:
    """Remove the folders that hold nothing any more but what Python had compiled."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
