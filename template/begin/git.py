"""What begin asks of Git."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from template.errors import TemplateError

# A hook is for what people commit, and may need tools that are not installed yet.
GIT = ("git", "-c", "core.hooksPath=/dev/null")


def git(root: Path, *arguments: str) -> str:
    """Return what Git prints; raise TemplateError with its words where it fails."""
    try:
        ended = subprocess.run(
            [*GIT, *arguments], cwd=root, check=True, capture_output=True, text=True
        )
    except OSError as error:
        raise TemplateError(
            f"Git does not run: {error.strerror}.", "Install Git, then run it again."
        ) from None
    except subprocess.CalledProcessError as error:
        raise TemplateError(
            f"Git says: {error.stderr.strip()}",
            "Mend that, then run it again. Nothing has changed.",
        ) from None
    return ended.stdout


def paths(root: Path, *arguments: str) -> list[str]:
    """Return the paths that Git prints with -z."""
    return [name for name in git(root, *arguments, "-z").split("\0") if name]


def check_clean(root: Path) -> None:
    """Raise TemplateError unless the folder is a repository with everything committed."""
    try:
        top = git(root, "rev-parse", "--show-toplevel").strip()
        git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except TemplateError as error:
        raise TemplateError(
            f"There is no commit here. {error}",
            "Run it in a clone, or after: git init && git add --all && git commit -m Copy",
        ) from None
    if Path(top).resolve() != root.resolve():
        raise TemplateError(
            f"This folder is a part of the repository {top}.",
            "Run it in a repository of its own.",
        )
    if changed := git(root, "status", "--porcelain"):
        raise TemplateError(
            f"Not everything is committed:\n{changed.rstrip()}",
            "Commit it or put it away (git stash), then run it again.",
        )


@contextlib.contextmanager
def worktree(root: Path) -> Iterator[Path]:
    """A second work tree of the current commit, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git(root, "worktree", "add", "--quiet", "--detach", str(tree))
        try:
            yield tree
        finally:
            git(root, "worktree", "remove", "--force", str(tree))
