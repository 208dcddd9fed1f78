"""`make rename` gives the sample other names everywhere, or leaves everything as it was."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from template import rename as renaming
from template.begin import names
from template.begin.rename import APP, PROJECT, SLUG, Change, carry_out, plan, rename
from template.cli import main
from template.tests import exhaustive
from template.tests.docs.conftest import copy_to
from template.tests.image.containers import ROOT

NEW = ("Bazaar_24", "wares")
HERE = ("-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false")


def git(folder, *arguments):
    """What git prints in a folder."""
    command = ["git", *HERE, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A copy of this repository with one commit."""
    folder = copy_to(tmp_path_factory.mktemp("template") / "copy")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Copy")
    return folder


@pytest.fixture(scope="module")
def renamed(committed, tmp_path_factory):
    """Such a copy after `make rename`, whose recipe finds its tools installed."""
    folder = tmp_path_factory.mktemp("renamed") / "copy"
    shutil.copytree(committed, folder)
    venv = sys.prefix
    ready = ["-o", f"{venv}/run.stamp", "-o", f"{venv}/dev.stamp"]
    command = ["make", "rename", f"NAME={NEW[0]}", f"APP={NEW[1]}", f"VENV={venv}", *ready]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return folder


def run(folder, *command):
    """What a command prints in a folder, which has to succeed."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", "HOME": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_no_file_has_an_old_name(renamed):
    """Neither what the files say nor how they are called has one of the old names left."""
    assert (renamed / "src/Bazaar_24/settings.py").is_file()
    assert (renamed / "src/wares/models.py").is_file()
    for path in renamed.rglob("*"):
        within = path.relative_to(renamed)
        if path.is_file() and ".git" not in within.parts:
            text = path.read_bytes()
            for old in (PROJECT, APP, SLUG):
                assert old not in str(within)
                assert old.encode() not in text, within
    assert 'name = "bazaar-24"' in (renamed / "pyproject.toml").read_text()


@exhaustive.MARK
def test_renamed_application_passes_its_tests(renamed):
    """In the renamed copy the application works, as far as one file of its tests tells."""
    said = run(
        renamed,
        "python",
        "-m",
        "pytest",
        "-n",
        "0",
        "-q",
        "tests/app/test_itemslist.py".replace(APP, "wares"),
    )
    assert " passed" in said


def test_renamed_copy_is_whole(renamed):
    """The migrations fit the models under their new label, and the linters find nothing."""
    said = run(renamed, "python", "manage.py", "makemigrations", "--check", "--dry-run")
    assert "No changes detected" in said
    run(renamed, "ruff", "check", "src", "tests/app")
    run(renamed, "ruff", "format", "--check", "src", "tests/app")


@pytest.mark.parametrize(
    ("name", "app", "reason"),
    [
        ("", "wares", "NAME= cannot be: it is not 2 to 32 letters"),
        ("bazaar", "", "APP= cannot be: it is not 2 to 32 letters"),
        ("24bazaar", "wares", "NAME=24bazaar cannot be: it is not"),
        ("my-bazaar", "wares", "it is not 2 to 32 letters"),
        ("b" * 33, "wares", "it is not 2 to 32 letters"),
        ("bazaar", "Wares", "APP=Wares cannot be: it is not"),
        ("class", "wares", "it is a word of Python's"),
        ("bazaar", "match", "it is a word of Python's"),
        ("json", "wares", "something else has that name"),
        ("bazaar", "auth", "something else has that name"),
        ("Rest_Framework", "wares", "something else has that name"),
        ("django", "wares", "something else has that name"),
        ("bazaar", "whitenoise", "something else has that name"),
        ("tests", "wares", "something else has that name"),
        ("docker_image", "wares", "something else has that name"),
        ("bazaar", "users", "something else has that name"),
        ("bazaar", "bazaar", "it is the name of the project, too"),
        (PROJECT, "wares", "something else has that name"),
        ("bazaar", APP, "something else has that name"),
    ],
)
def test_bad_names_are_refused(committed, name, app, reason):
    """A name that is invalid, reserved or taken is refused, and nothing is changed."""
    with pytest.raises(renaming.TemplateError, match=re.escape(reason)) as refused:
        rename(committed, name, app)
    assert "make rename NAME=bazaar APP=wares" in refused.value.advice
    assert git(committed, "status", "--porcelain") == ""


def test_renaming_is_told(committed, tmp_path, capsys, monkeypatch):
    """The command says what has which name now, and how to go on."""
    folder = tmp_path / "copy"
    shutil.copytree(committed, folder)
    monkeypatch.setattr("template.cli.ROOT", folder)
    assert main(["rename", *NEW]) == 0
    said = capsys.readouterr().out
    assert f"Renamed {PROJECT} to Bazaar_24, {APP} to wares and {SLUG} to bazaar-24" in said
    assert "src/wares/models.py" in git(folder, "status", "--porcelain", "--untracked-files=all")


def test_uncommitted_changes_are_refused(committed, capsys, tmp_path):
    """With something uncommitted nothing is renamed, so that git can undo the whole of it."""
    folder = tmp_path / "copy"
    shutil.copytree(committed, folder)
    (folder / "README.md").write_text("changed")
    with pytest.raises(renaming.TemplateError, match=r"Not everything is committed:\n M README"):
        rename(folder, *NEW)
    assert git(folder, "status", "--porcelain") == " M README.md\n"


def test_folder_without_git_is_refused(committed, tmp_path, monkeypatch):
    """Without git there is no way back, so nothing is renamed."""
    folder = tmp_path / "copy"
    shutil.copytree(committed, folder, ignore=shutil.ignore_patterns(".git"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(renaming.TemplateError, match="git does not answer here"):
        rename(folder, *NEW)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(renaming.TemplateError, match="git does not answer here"):
        rename(folder, *NEW)


def test_taken_place_is_refused(committed, tmp_path):
    """Where a new name's file is there already, ignored by git, nothing is renamed."""
    folder = tmp_path / "copy"
    shutil.copytree(committed, folder)
    with (folder / ".git/info/exclude").open("a") as excluded:
        excluded.write("models.py\n")
    (folder / "src/wares_old").mkdir()
    (folder / "src/wares_old/models.py").touch()
    changes = [Change(folder / "manage.py", folder / "src/wares_old/models.py", b"", b"")]
    with pytest.raises(renaming.TemplateError, match="is there already"):
        renaming.check_free(changes)


@pytest.fixture
def changes(tmp_path):
    """Two files to rename, the first with other content."""
    words = {"old": "new"}
    for name in ("a/old.txt", "b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"old {name}")
        (tmp_path / name).chmod(0o755)
    return [plan(tmp_path, tmp_path / name, words) for name in ("a/old.txt", "b.txt")]


def test_failure_leaves_everything_as_it_was(changes, monkeypatch, tmp_path):
    """When one file cannot be written those before it get their names and contents back."""
    write = type(tmp_path).write_bytes

    def fail_once(path, content):
        if content == b"new b.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return write(path, content)

    monkeypatch.setattr(type(tmp_path), "write_bytes", fail_once)
    with pytest.raises(renaming.TemplateError, match=r"b\.txt could not be changed: Permission"):
        carry_out(changes)
    assert (tmp_path / "a/old.txt").read_text() == "old a/old.txt"
    assert not (tmp_path / "a/new.txt").exists()
    assert (tmp_path / "b.txt").read_text() == "old b.txt"


def test_interruption_leaves_everything_as_it_was(changes, monkeypatch, tmp_path):
    """Ctrl-C in the middle takes back what was done, and ends the command."""
    move = renaming.move
    monkeypatch.setattr(renaming, "move", interrupted(move))
    with pytest.raises(KeyboardInterrupt):
        carry_out(changes)
    assert sorted(path.name for path in tmp_path.rglob("*.txt")) == ["b.txt", "old.txt"]


def interrupted(move):
    """A function that moves one file, is interrupted at the second, and then works again."""
    calls = iter((move, None))

    def play(*given):
        step = next(calls, move)
        if step is None:
            raise KeyboardInterrupt
        step(*given)

    return play


def test_modes_are_kept(changes, tmp_path):
    """A program is still one under its new name."""
    carry_out(changes)
    assert (tmp_path / "a/new.txt").read_text() == "new a/new.txt"
    assert (tmp_path / "a/new.txt").stat().st_mode & 0o777 == 0o755


def test_folders_of_old_names_go(tmp_path):
    """A folder that renaming has emptied is removed, one with a file stays."""
    for name in ("old/deep", "kept"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "kept/file").touch()
    renaming.remove_empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_addresses_are_taken_names():
    """The words that the sample's addresses begin with are no names for the app."""
    assert {"users", "groups", "ping"} <= names.routes(ROOT, (PROJECT, APP))
