"""Takes the template out of a copy and gives it its owner's names, in one commit."""

import contextlib
import shutil
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from template.begin import changes, formatting
from template.begin.git import check_clean, git, paths, worktree
from template.begin.names import APP, PROJECT, SLUG, Names, choose
from template.errors import TemplateError

README = Path(__file__).with_name("README.md")


@dataclass(frozen=True)
class Wish:
    """What the owner wants: names as they were given, whether the sample's application goes.

    `source` is where the template was: its URL and, where it is known, its commit.
    """

    name: str
    app: str = ""
    empty: bool = False
    source: str = ""


def begin(root: Path, wish: Wish) -> None:
    """Make the copy its owner's, or leave it as it was; raises TemplateError with the reason."""
    names = check(root, wish)
    commit = make_commit(root, names, wish)
    take(root, commit)
    remove_leftovers(root)
    print(f"{git(root, 'log', '-1', '--format=%B').rstrip()}\n\nNext: make test")


def check(root: Path, wish: Wish) -> Names:
    """Return the project's names; raise TemplateError where it cannot begin."""
    check_clean(root)
    if not (root / "src" / PROJECT / "settings.py").is_file():
        raise TemplateError(
            f"This project has begun already: src/{PROJECT} is not there.",
            "Go on with it. To begin again, run it in a new copy of the template.",
        )
    if wish.empty and wish.app:
        raise TemplateError(
            f"EMPTY=1 leaves out the application that APP={wish.app} would name.",
            "Give one of the two.",
        )
    return choose(root, wish.name, wish.app)


def make_commit(root: Path, names: Names, wish: Wish, keep: Iterable[str] = ()) -> str:
    """Commit the changes in a second work tree; return the commit, which no branch names yet."""
    before = git(root, "rev-parse", "HEAD").strip()
    readme = README.read_text()
    with worktree(root) as tree:
        changes.remove_template(tree, keep)
        (tree / "README.md").write_text(readme)
        if wish.empty:
            changes.remove_sample(tree)
        changes.entitle(tree, names.given)
        changes.rename(tree, names.words())
        formatting.format_code(tree)
        source = wish.source or "a template for Django on Amazon ECS"
        fill = {"{NAME}": names.given, "{SOURCE}": source, "{COMMIT}": before[:12]}
        changes.edit(tree / "README.md", lambda text: changes.replace(text, fill))
        git(tree, "add", "--all")
        check_ignored(tree)
        git(tree, "commit", "--quiet", "--message", message(names, wish, keep))
        return git(tree, "rev-parse", "HEAD").strip()


def check_ignored(tree: Path) -> None:
    """Raise TemplateError where Git ignores a file under its new name.

    It would be in no commit, and could take the place of an ignored file that is there.
    """
    if ignored := paths(tree, "ls-files", "--others", "--ignored", "--exclude-standard"):
        raise TemplateError(
            f"Git ignores {ignored[0]}.", "Choose another name, or change what Git ignores."
        )


def message(names: Names, wish: Wish, keep: Iterable[str] = ()) -> str:
    """Return what the commit says: what was done, and how to undo it."""
    removed = [name for name in changes.REMOVED if name not in keep]
    done = [
        f"- {SLUG} is {names.slug} now: the image, and what the AWS templates create",
        f"- the project {PROJECT} is {names.project} now",
        f"- the application {APP} is removed"
        if wish.empty
        else f"- the application {APP} is {names.app} now"
        if names.app != APP
        else f"- the application {APP} keeps its name",
        f"- what the template needed is removed: {', '.join(removed)}",
        "- the README is yours",
    ]
    return "\n".join(
        [f"Begin {names.given}", "", *done, "", "To undo it: git revert, with this commit."]
    )


def added(root: Path, commit: str) -> list[str]:
    """Return the paths that a commit has and the current one has not."""
    return paths(root, "diff", "--no-renames", "--name-only", "--diff-filter=A", f"HEAD..{commit}")


def take(root: Path, commit: str) -> None:
    """Bring the branch and its files to the commit; where that fails, back to where they were."""
    new = added(root, commit)
    with uninterrupted():
        try:
            git(root, "merge", "--quiet", "--ff-only", commit)
        except TemplateError:
            git(root, "reset", "--quiet", "--hard")
            for name in new:
                (root / name).unlink(missing_ok=True)
            remove_empty(root / "src")
            remove_empty(root / "tests")
            raise


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until Git has written all files."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def remove_leftovers(root: Path) -> None:
    """Remove what tools have left where the template was, and what Python had compiled."""
    shutil.rmtree(root / "template", ignore_errors=True)
    for folder in (root / "src", root / "tests"):
        for compiled in [*folder.rglob("__pycache__")]:
            shutil.rmtree(compiled, ignore_errors=True)
        remove_empty(folder)


def remove_empty(folder: Path) -> None:
    """Remove the folders that hold nothing any more."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
