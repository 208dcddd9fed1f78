"""Takes what is newer in the template into the files that came from it, three ways."""

import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from template.adopt.adopt import VERSION, check, files, look_around
from template.adopt.home import OTHER
from template.adopt.repository import find_repository, git
from template.begin import changes
from template.begin.names import APP, PROJECT, SLUG
from template.errors import TemplateError

# Files and folders of a copy that are its owner's from the first day.
OWNERS = (
    *("src/", "tests/", "README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md"),
    *("manage.py", "pyproject.toml", "requirements", "deploy/version.txt"),
)
CONFLICT = "conflict"
Texts = dict[str, bytes]


@dataclass(frozen=True)
class Begun:
    """What `begin` has made of a copy: other words for the sample's names, or no sample."""

    words: dict[str, str] = field(default_factory=dict)
    empty: bool = False


def update(root: Path, into: str) -> None:
    """Merge what changed since the project's version; raises TemplateError where it cannot."""
    project = find_repository(check(root, into)).root
    refuse_changes(project)
    refuse_template(project)
    home = next((name for name in ("deploy", OTHER) if is_home(project / name)), "deploy")
    adopted = (project / home / "django_settings.py").is_file()
    recorded = version_of(root, project, project / home / VERSION, adopted=adopted)
    newest = git(root, "rev-parse", "HEAD")
    with checkout(root, recorded) as old, checkout(root, newest) as new:
        read = of_adopted if adopted else of_copy
        before, after = (read(place, project) for place in (old, new))
    said = {path: merge(project / path, before.get(path), after.get(path))
            for path in sorted({*before, *after}) if not path.endswith(VERSION)}  # fmt: skip
    (project / home / VERSION).write_text(f"{newest}\n")
    changed = {path: word for path, word in said.items() if word}
    for path, word in changed.items():
        print(f"  {word}: {path}")
    print(f"From {recorded[:12]} to {newest[:12]}: {len(changed)} files.")
    if conflicts := [path for path, word in changed.items() if word == CONFLICT]:
        print(f"Mend the conflicts, then commit: {', '.join(conflicts)}")


def is_home(folder: Path) -> bool:
    """Whether the template's files are in a folder."""
    return (folder / "infra/stage.yml").is_file()


def refuse_changes(project: Path) -> None:
    """Raise TemplateError unless everything is committed, so that an update can be taken back."""
    but_bytecode = ("--", ".", ":(exclude,glob)**/__pycache__/**")
    changed = git(project, "status", "--porcelain", *but_bytecode)
    if changed or not git(project, "rev-parse", "HEAD"):
        raise TemplateError(
            "The project has changes that are not committed, and an update could not be undone.",
            "Commit them, then run it again.",
        )


def refuse_template(project: Path) -> None:
    """Raise TemplateError for the template, a fork of it, or a copy that has not begun."""
    if (project / "template/adopt").is_dir():
        raise TemplateError(
            "This is the template, or a copy that has not begun: it still has template/.",
            "In a clone or a fork: git pull. In a copy: make begin NAME=shop, then update it.",
        )


def version_of(root: Path, project: Path, place: Path, *, adopted: bool) -> str:
    """The template's commit that the project's files are of.

    It is recorded; before its first update a copy has it as its own first commit. Raises
    TemplateError where it is not known, or no older than this template.
    """
    if place.is_file():
        recorded = place.read_text().strip()
    else:
        recorded = "" if adopted else first_version(root, project)
    if not recorded:
        why = (
            f"there is no {place}"
            if adopted
            else "none of this one's has the files that the copy began with. It is older, or"
            " another, or the copy has not its whole history"
        )
        raise TemplateError(
            f"Nobody knows which version of the template the project has: {why}.",
            f"Write the commit of the template into {place}, as `git log` has it there, and commit"
            f" it. The newest is {git(root, 'rev-parse', 'HEAD')}.",
        )
    if not git(root, "rev-parse", "--verify", "--quiet", f"{recorded}^{{commit}}"):
        raise TemplateError(
            f"The template's history has no commit {recorded}, which {place.name} names.",
            "Take the template that the project is of, with its whole history.",
        )
    if git(root, "rev-list", "--max-count=1", f"HEAD..{recorded}"):
        raise TemplateError(
            f"The project has {recorded[:12]}, and this template is not newer:"
            f" {git(root, 'rev-parse', 'HEAD')[:12]}.",
            "Take a newer one, or the branch that the project is of.",
        )
    return recorded


def first_version(root: Path, project: Path) -> str:
    """The commit of the template whose files a copy began with; nothing where none has them."""
    first = git(project, "rev-list", "--max-parents=0", "HEAD").splitlines()
    trees = {git(project, "rev-parse", f"{commit}^{{tree}}") for commit in first}
    for line in git(root, "log", "--format=%H %T").splitlines():
        commit, tree = line.split()
        if tree in trees:
            return commit
    return ""


@contextlib.contextmanager
def checkout(root: Path, commit: str) -> Iterator[Path]:
    """The template as it is at a commit, while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="template-") as folder:
        place = Path(folder, "template")
        clone = ["git", "clone", "--quiet", "--no-checkout", str(root), str(place)]
        subprocess.run(clone, check=True)
        subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=place, check=True)
        yield place


def of_adopted(template: Path, project: Path) -> Texts:
    """What a version of the template writes for an adopted project, by path."""
    with tempfile.TemporaryDirectory(prefix="template-") as out:
        command = [sys.executable, "-m", "template", "files", str(project), out]
        subprocess.run(command, cwd=template, check=True)
        found = (path for path in Path(out).rglob("*") if path.is_file())
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def of_copy(template: Path, project: Path) -> Texts:
    """What a version of the template has for a copy, by path, after the copy has begun."""
    begun = read_begun(project)
    changes.remove_template(template)
    if begun.empty:
        changes.remove_sample(template)
    changes.rename(template, begun.words)
    names = git(template, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    return {
        name: (template / name).read_bytes()
        for name in names
        if (template / name).is_file() and not name.startswith(OWNERS)
    }


def read_begun(project: Path) -> Begun:
    """What the commit of `begin` says: the names that the owner has chosen."""
    said = git(project, "log", "--grep", f"^- {SLUG} is ", "--format=%B", "--max-count=1")
    words = {}
    for name in (SLUG, PROJECT, APP):
        if found := re.search(rf"^- (?:the \w+ )?{name} is (\S+) now", said, re.MULTILINE):
            words[name] = found[1].rstrip(":")
    return Begun(words, f"{APP} is removed" in said)


def write_files(root: Path, into: str, out: str) -> None:
    """Write what this version has for a project into an empty folder."""
    found, repository, own_image = look_around(root, check(root, into))
    for path, text in files(root, found, repository, own_image=bool(own_image)).items():
        place = Path(out, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def merge(place: Path, before: bytes | None, after: bytes | None) -> str:
    """Take the template's change of a file into the project's; a word for what was done."""
    if before == after:
        return ""
    theirs = place.read_bytes() if place.is_file() else None
    if theirs == after:
        return ""
    if theirs == before:
        return replace(place, after)
    if theirs is None:
        return "left out, as you deleted it"
    if after is None:
        return "no longer in the template, and left because you changed it"
    return merge_lines(place, before or b"", after)


def replace(place: Path, after: bytes | None) -> str:
    """Write, or delete, a file that the project has not changed."""
    if after is None:
        place.unlink()
        return "deleted"
    word = "updated" if place.is_file() else "new"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(after)
    return word


def merge_lines(place: Path, before: bytes, after: bytes) -> str:
    """Merge what both changed, as Git does; conflicts are marked in the file."""
    with tempfile.TemporaryDirectory(prefix="template-") as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        old.write_bytes(before)
        new.write_bytes(after)
        labels = ("-L", "yours", "-L", "the template before", "-L", "the template now")
        command = ["git", "merge-file", "--quiet", *labels, str(place), str(old), str(new)]
        ended = subprocess.run(command, check=False)
    return CONFLICT if ended.returncode else "merged"
