"""What changes in the files of a copy: what goes, and what has another name."""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from template.begin.git import paths
from template.begin.names import APP, PROJECT

WORKFLOW = ".github/workflows/template.yml"
# The template's own, and the pictures of its README.
REMOVED = ("template", ".ci", WORKFLOW, ".github/ISSUE_TEMPLATE", "docs/images")
# Lines that are there for template/, by the file.
LINES = {
    "Makefile": re.compile(r"^-include template/Makefile\n", re.MULTILINE),
    ".dockerignore": re.compile(r"^/?template/?\n", re.MULTILINE),
}
UPDATE = re.compile(r"^(?=  - package-ecosystem:)", re.MULTILINE)
# Lines about the sample's application outside of it: an entry, a URL, its setting.
SAMPLE = re.compile(rf"^.*\b({APP}|ANONYMOUS_WRITES)\b.*\n", re.MULTILINE)
NAME_SAMPLE = (
    *(f"src/{PROJECT}/settings.py", f"src/{PROJECT}/urls.py"),
    *("tests/settings.py", f"tests/{PROJECT}/test_settings.py"),
    *("README.md", "docs/configuration.md", "docs/operations.md"),
)
# Where the pages of the API have the sample's title.
TITLE = "Items"
TITLED = (
    f"src/{PROJECT}/settings.py",
    *(f"src/{PROJECT}/templates/rest_framework/{name}.html" for name in ("api", "login")),
)


def remove_template(folder: Path, keep: Iterable[str] = ()) -> None:
    """Remove what is about the template."""
    for name in set(REMOVED) - set(keep):
        remove(folder / name)
    for name, line in LINES.items():
        edit(folder / name, lambda text, line=line: line.sub("", text).rstrip() + "\n")
    edit(folder / ".github/dependabot.yml", without_updates)


def without_updates(text: str) -> str:
    """Return Dependabot's configuration without the updates that name template/."""
    kept = [part for part in UPDATE.split(text) if "/template" not in part]
    return "".join(kept).rstrip() + "\n"


def remove_sample(folder: Path) -> None:
    """Remove the sample's application, and the lines that name it."""
    for name in (f"src/{APP}", f"tests/{APP}"):
        remove(folder / name)
    for name in NAME_SAMPLE:
        edit(folder / name, lambda text: SAMPLE.sub("", text))
    edit(folder / "Makefile", lambda text: re.sub(rf" {APP}\b", "", text))


def entitle(folder: Path, name: str) -> None:
    """Give the pages of the API the project's name, without what HTML or Python would mistake."""
    title = " ".join(re.findall(r"[\w.-]+", name))
    for file in TITLED:
        edit(folder / file, lambda text: re.sub(rf"\b{TITLE}\b", title, text))


def rename(folder: Path, words: Mapping[str, str]) -> None:
    """Put other words in the place of words, in what files say and how they are called."""
    for name in paths(folder, "ls-files"):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            continue
        old = path.read_bytes()
        if b"\0" not in old:
            text = replace(old.decode(errors="surrogateescape"), words)
            path.write_bytes(text.encode(errors="surrogateescape"))
        target = folder / replace(name, words)
        if target != path:
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)


def replace(text: str, words: Mapping[str, str]) -> str:
    """Return the text with other words, none of which is replaced again."""
    if not words:
        return text
    return re.sub("|".join(map(re.escape, words)), lambda match: words[match[0]], text)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Change what a file says, if it is there."""
    if path.is_file():
        path.write_text(change(path.read_text()))
