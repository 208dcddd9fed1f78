"""`make update` takes a newer template into a copy and into an adopted project."""

import shutil
import subprocess
import sys

import pytest

from template.tests.image.containers import ROOT
from template.tests.template.projects import base

IGNORED = shutil.ignore_patterns(
    ".git", ".venv*", "__pycache__", "node_modules", "*_cache", "bench"
)


def git(folder, *arguments):
    """What Git says in a folder."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder):
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a version")


def run(template, *arguments, code=0):
    """Run a command of the template's."""
    command = [sys.executable, "-m", "template", *map(str, arguments)]
    ended = subprocess.run(command, cwd=template, check=False, capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture
def template(tmp_path):
    """A template with a history of its own, of this one's files."""
    folder = tmp_path / "template"
    shutil.copytree(ROOT, folder, ignore=IGNORED)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


@pytest.fixture
def adopted(tmp_path, template):
    """A project that has adopted that template, and committed it."""
    folder = tmp_path / "shop"
    base(folder)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    run(template, "adopt", folder)
    commit(folder)
    return folder


@pytest.fixture
def copied(tmp_path, template):
    """A copy of that template, without its workshop and its history."""
    folder = tmp_path / "copy"
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns(".git", "template"))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


def change(folder, name, before, after):
    """Change a text in a file, which has it."""
    text = (folder / name).read_text()
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1))


def next_version(template):
    """A newer template: a line of the server's settings, one of the buildspec, a file, one less."""
    change(template, "deploy/gunicorn.conf.py", "keepalive = 75", "keepalive = 76")
    change(template, "build.yml", "version: 0.2", "version: 0.3")
    change(template, "release.yml", "version: 0.2", "version: 0.3")
    (template / "deploy/infra/queue.yml").write_text("new: file\n")
    (template / "deploy/infra/pipeline.yml").unlink()
    commit(template)


@pytest.mark.parametrize("kind", ["adopted", "copied"])
def test_two_versions_later_both_have_what_is_new_and_keep_their_own(kind, template, request):
    """Changes of both are merged, the same line conflicts as in Git, and the rest is as it was."""
    project = request.getfixturevalue(kind)
    change(project, "deploy/gunicorn.conf.py", "serves the application", "serves the shop")
    change(project, "release.yml", "version: 0.2", "version: mine")
    commit(project)
    next_version(template)
    said = run(template, "update", project)
    server = (project / "deploy/gunicorn.conf.py").read_text()
    assert "keepalive = 76" in server
    assert "serves the shop" in server
    assert "version: 0.3" in (project / "build.yml").read_text()
    assert "<<<<<<< yours\nversion: mine\n" in (project / "release.yml").read_text()
    assert "conflict: release.yml" in said
    assert "merged: deploy/gunicorn.conf.py" in said
    assert "updated: build.yml" in said
    assert "new: deploy/infra/queue.yml" in said
    assert "deleted: deploy/infra/pipeline.yml" in said
    assert not (project / "deploy/infra/pipeline.yml").exists()
    change(project, "release.yml", "<<<<<<< yours\n", "")
    commit(project)
    change(template, "deploy/gunicorn.conf.py", "keepalive = 76", "keepalive = 77")
    commit(template)
    said = run(template, "update", project)
    assert "1 files" in said
    assert "keepalive = 77" in (project / "deploy/gunicorn.conf.py").read_text()


def test_what_is_not_committed_is_refused(template, adopted):
    """An update that could not be taken back is none."""
    (adopted / "manage.py").write_text("import django # changed\n")
    assert "not committed" in run(template, "update", adopted, code=1)


def test_strange_version_is_refused(template, adopted):
    """A commit that the template's history does not have."""
    (adopted / "deploy/version.txt").write_text("0" * 40 + "\n")
    commit(adopted)
    assert "has no commit 0000" in run(template, "update", adopted, code=1)
