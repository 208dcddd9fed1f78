"""Takes what is newer in the template into the files of a project that came from it, three ways."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from template.adopt.adopt import VERSION, check, files, look_around
from template.adopt.repository import find_repository, git
from template.errors import TemplateError

# Folders and files of a copy that are its owner's from the first day.
OWNERS = (
    *(".ci/", "template/", "src/", "tests/", "README.md", "LICENSE", "CONTRIBUTING.md"),
    *("SECURITY.md", "manage.py", "pyproject.toml", "requirements", "deploy/version.txt"),
)
Texts = dict[str, bytes]


def update(root: Path, into: str) -> None:
    """Merge what changed since the project's version; raises TemplateError where it cannot."""
    project = find_repository(check(root, into)).root
    refuse_changes(project)
    home = next((name for name in ("deploy", "tools/deploy") if is_home(project / name)), "deploy")
    recorded = version_of(root, project, project / home / VERSION)
    with checkout(root, recorded) as old:
        before, after = (texts(place, project, project / home) for place in (old, root))
    said = {path: merge(project / path, before.get(path), after.get(path))
            for path in sorted({*before, *after}) if not path.endswith(VERSION)}  # fmt: skip
    (project / home / VERSION).write_text(git(root, "rev-parse", "HEAD") + "\n")
    changed = {path: word for path, word in said.items() if word}
    for path, word in changed.items():
        print(f"  {word}: {path}")
    print(f"From {recorded[:12]} to {git(root, 'rev-parse', 'HEAD')[:12]}: {len(changed)} files.")
    if conflicts := [path for path, word in changed.items() if word == CONFLICT]:
        print(f"Mend the conflicts, then commit: {', '.join(conflicts)}")


CONFLICT = "conflict"


def is_home(folder: Path) -> bool:
    """Whether the template's files are in a folder."""
    return (folder / "infra/stage.yml").is_file()


def refuse_changes(project: Path) -> None:
    """Raise TemplateError unless everything is committed, so that an update can be taken back."""
    if not git(project, "rev-parse", "HEAD") or git(project, "status", "--porcelain"):
        raise TemplateError(
            "The project has changes that are not committed, and an update could not be undone.",
            "Commit them, then run it again.",
        )


def version_of(root: Path, project: Path, place: Path) -> str:
    """The template's commit that the project's files are of: the recorded one, or the nearest."""
    recorded = place.read_text().strip() if place.is_file() else nearest(root, project)
    if not git(root, "rev-parse", "--verify", "--quiet", f"{recorded}^{{commit}}"):
        raise TemplateError(
            f"The template's history has no commit {recorded}, which {place.name} names.",
            "Clone the template that the project is of, with its whole history.",
        )
    return recorded


def nearest(root: Path, project: Path) -> str:
    """The commit whose files are most like the project's, the latest of several."""
    paths = [path for path in git(root, "ls-files").splitlines() if (project / path).is_file()]
    paths = [path for path in paths if not path.startswith(OWNERS)]
    if not paths:
        raise TemplateError(
            "No file of the project is one of this template.", "Run adopt: make adopt INTO=..."
        )
    theirs = dict(zip(paths, git(project, "hash-object", *paths).split(), strict=True))

    def alike(commit: str) -> int:
        tree = git(root, "ls-tree", "-r", commit, "--", *paths).splitlines()
        there = {line.partition("\t")[2]: line.split()[2] for line in tree}
        return sum(there.get(path) == blob for path, blob in theirs.items())

    return max(git(root, "rev-list", "HEAD", "--", *paths).split(), key=alike)


@contextlib.contextmanager
def checkout(root: Path, commit: str) -> Iterator[Path]:
    """The template as it was at a commit, while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="template-") as folder:
        place = Path(folder, "template")
        clone = ["git", "clone", "--quiet", "--no-checkout", str(root), str(place)]
        subprocess.run(clone, check=True)
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=place, check=True)
        yield place


def texts(template: Path, project: Path, home: Path) -> Texts:
    """What a version of the template has for the project, by path."""
    if not (home / "django_settings.py").is_file():
        names = git(template, "ls-files").splitlines()
        return {
            name: (template / name).read_bytes() for name in names if not name.startswith(OWNERS)
        }
    with tempfile.TemporaryDirectory(prefix="template-") as out:
        command = [sys.executable, "-m", "template", "files", str(project), out]
        subprocess.run(command, cwd=template, check=True)
        found = (path for path in Path(out).rglob("*") if path.is_file())
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


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
