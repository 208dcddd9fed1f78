"""The changelog's way to take changes of the template into a copy works."""

import subprocess
from pathlib import Path

import pytest

from template.tests.docs.pages import ROOT, Page, blocks_in

CHANGELOG = Page(ROOT / "template/CHANGELOG.md")
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.com")


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody; its output."""
    command = ["git", *AUTHOR, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, **files: str) -> str:
    """Commit files; the commit."""
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with some history."""
    folder = tmp_path / "template"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    commit(folder, pipeline="first\n")
    commit(folder, pipeline="second\n", sample="sample\n")
    return folder


@pytest.fixture
def copy(tmp_path: Path, template: Path) -> Path:
    """A copy as GitHub makes it, of one commit, in which the sample was changed."""
    folder = tmp_path / "copy"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    files = {name: (template / name).read_text() for name in ("pipeline", "sample")}
    commit(folder, **files)
    commit(folder, sample="shop\n")
    return folder


def run(folder: Path, block: str, template: Path, origin: str = "") -> None:
    """Run a block of the changelog in a folder."""
    named = block.replace("URL", str(template))
    settings = "git config user.name a; git config user.email a@example.com; "
    command = settings + named.replace("FROM", origin)
    subprocess.run(["bash", "-ec", command], cwd=folder, check=True)


def test_changes_reach_a_copy(template, copy):
    """The template's changes arrive, now and later, and the copy's own stay."""
    begin, update = (block.text for block in blocks_in(CHANGELOG.tokens))
    run(copy, begin, template, git(template, "rev-parse", "HEAD"))
    assert (copy / "sample").read_text() == "shop\n"
    for text in ("third\n", "fourth\n"):
        commit(template, pipeline=text)
        run(copy, update, template)
        assert (copy / "pipeline").read_text() == text
        assert (copy / "sample").read_text() == "shop\n"
