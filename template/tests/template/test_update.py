"""`python3 -m deploy update` takes a newer template into a copy and into an adopted project."""

import shutil
import subprocess
import sys

import pytest

from template.begin.begin import Wish, begin
from template.tests.template.copies import fresh_copy, git
from template.tests.template.projects import base


def commit(folder, message="a version"):
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def update(project, url, code=0, module="deploy"):
    """What `python3 -m deploy update URL` says in a project."""
    command = [sys.executable, "-m", module, "update", *map(str, url)]
    ended = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def copy_of(template, folder):
    """A copy as GitHub makes it of the template: its files in one commit."""
    git(template, "clone", "--quiet", template, folder)
    shutil.rmtree(folder / ".git")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for key, value in {"user.name": "Owner", "user.email": "owner@localhost"}.items():
        git(folder, "config", key, value)
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A template with a history of its own, of this one's files."""
    folder = fresh_copy(tmp_path_factory.mktemp("first") / "template")
    (folder / "SECURITY.md").write_text("Older.\n")
    commit(folder)
    (folder / "SECURITY.md").write_text("Old.\n")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def first_copy(first, tmp_path_factory):
    """A copy that its owner has begun."""
    folder = copy_of(first, tmp_path_factory.mktemp("copy") / "copy")
    begin(folder, Wish("Corner Shop", "wares"))
    return folder


@pytest.fixture
def template(first, tmp_path):
    """The template, for a test to change."""
    return shutil.copytree(first, tmp_path / "template")


@pytest.fixture
def copied(first_copy, tmp_path):
    """The copy, for a test to change."""
    return shutil.copytree(first_copy, tmp_path / "copy")


@pytest.fixture
def adopted(template, tmp_path):
    """A project that has adopted that template, and committed it."""
    folder = tmp_path / "shop"
    base(folder)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    command = [sys.executable, "-m", "template", "adopt", folder]
    subprocess.run(command, cwd=template, check=True, capture_output=True)
    commit(folder)
    return folder


def change(folder, name, before, after):
    """Change a text in a file, which has it."""
    text = (folder / name).read_text()
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1))


def next_version(template):
    """A newer template: lines of three files, a file more, and one less."""
    change(template, "deploy/gunicorn.conf.py", "keepalive = 75", "keepalive = 76")
    change(template, "build.yml", "version: 0.2", "version: 0.3")
    change(template, "release.yml", "version: 0.2", "version: 0.3")
    (template / "deploy/infra/queue.yml").write_text("new: django-crud-app\n")
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
    said = update(project, [template])
    server = (project / "deploy/gunicorn.conf.py").read_text()
    assert "keepalive = 76" in server
    assert "serves the shop" in server
    assert "version: 0.3" in (project / "build.yml").read_text()
    assert "<<<<<<< yours\nversion: mine\n" in (project / "release.yml").read_text()
    assert said.splitlines()[:-1] == [
        "  updated: build.yml",
        "  merged: deploy/gunicorn.conf.py",
        "  deleted: deploy/infra/pipeline.yml",
        "  new: deploy/infra/queue.yml",
        "  conflict: release.yml",
        said.splitlines()[-2],
    ]
    assert said.splitlines()[-2].endswith(": 5 files.")
    assert said.splitlines()[-1] == "Mend the conflicts, then commit: release.yml"
    assert not (project / "deploy/infra/pipeline.yml").exists()
    change(project, "release.yml", "<<<<<<< yours\n", "")
    commit(project)
    change(template, "deploy/gunicorn.conf.py", "keepalive = 76", "keepalive = 77")
    commit(template)
    assert ": 1 files." in update(project, [template])
    assert "keepalive = 77" in (project / "deploy/gunicorn.conf.py").read_text()
    commit(project)
    assert ": 0 files." in update(project, [template])


def test_copy_keeps_its_names(copied, template):
    """What is new has the owner's names, where the template has the sample's; src stays."""
    change(template, "src/itemsAPP/urls.py", "import", "# new\nimport")
    change(template, "compose.yaml", "services:", "# django-crud-app and itemsAPP\nservices:")
    next_version(template)
    said = update(copied, [template])
    assert (copied / "deploy/infra/queue.yml").read_text() == "new: corner-shop\n"
    assert "# corner-shop and corner_shop\n" in (copied / "compose.yaml").read_text()
    assert "src/" not in said
    assert not (copied / "template").exists()
    changed = git(copied, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert len(changed) == 7  # six files, and the version that they are of now


def test_owner_deletes_and_the_template_changes(copied, template):
    """What an owner has deleted stays away, and what the template has dropped and the owner changed
    stays there."""
    (copied / "build.yml").unlink()
    change(copied, "deploy/infra/pipeline.yml", "Description:", "# mine\nDescription:")
    commit(copied)
    next_version(template)
    said = update(copied, [template])
    assert "left out, as you deleted it: build.yml" in said
    assert "left because you changed it: deploy/infra/pipeline.yml" in said
    assert not (copied / "build.yml").exists()


def test_copy_without_the_sample(first, template, tmp_path):
    """A copy that began with EMPTY=1 gets no line about the sample's application."""
    folder = copy_of(first, tmp_path / "empty")
    begin(folder, Wish("shop", empty=True))
    next_version(template)
    update(folder, [template])
    changed = git(folder, "diff", "HEAD")
    assert "keepalive = 76" in changed
    assert "itemslist" not in changed


@pytest.mark.parametrize("kind", ["adopted", "copied"])
def test_what_is_not_committed_is_refused(template, kind, request):
    """An update that could not be taken back is none."""
    project = request.getfixturevalue(kind)
    (project / "build.yml").write_text("changed")
    said = update(project, [template], code=1)
    assert "not committed" in said
    assert "Commit them, then run it again." in said


def test_missing_url_is_refused(adopted):
    """It is asked for with the command."""
    assert "Next: python3 -m deploy update URL" in update(adopted, [], code=1)


def test_url_that_leads_nowhere_is_refused(adopted, tmp_path):
    """What Git says is told."""
    said = update(adopted, [tmp_path / "nothing"], code=1)
    assert "nothing cannot be cloned: " in said
    assert "Next: Give the URL that the template has" in said


def test_url_of_something_else_is_refused(adopted, copied):
    """Another project, and a copy, are no template."""
    said = update(adopted, [copied], code=1)
    assert "is not the template: it has no template/__main__.py." in said
    assert git(adopted, "status", "--porcelain") == ""


def test_older_template_is_refused(template, adopted, copied):
    """An update goes forward only."""
    git(template, "reset", "--quiet", "--hard", "HEAD~1")
    assert "this template is not newer" in update(adopted, [template], code=1)
    assert "none of this one's has the files" in update(copied, [template], code=1)
    for project in (adopted, copied):
        assert git(project, "status", "--porcelain", "--", ".", ":!*__pycache__*") == ""


def test_strange_version_is_refused(template, adopted):
    """A commit that the template's history does not have."""
    (adopted / "deploy/version.txt").write_text("0" * 40 + "\n")
    commit(adopted)
    said = update(adopted, [template], code=1)
    assert "has no commit 0000" in said
    assert "with its whole history" in said


def test_version_that_nobody_knows_is_refused(template, adopted, copied):
    """A project without the record, and a copy whose first commit is not the template's."""
    (adopted / "deploy/version.txt").unlink()
    commit(adopted)
    git(copied, "checkout", "--quiet", "--orphan", "other")
    commit(copied)
    for project in (adopted, copied):
        said = update(project, [template], code=1)
        assert "Nobody knows which version" in said
        assert git(template, "rev-parse", "HEAD").strip() in said
    (copied / "deploy/version.txt").write_text(git(template, "rev-parse", "HEAD"))
    commit(copied)
    next_version(template)
    assert "updated: build.yml" in update(copied, [template])


def test_template_itself_is_refused(template, first):
    """A clone or a fork is pulled, and a copy begins first."""
    said = update(template, [first], code=1)
    assert "a copy that has not begun" in said
    assert "git pull" in said


def test_recipe_names_the_url(copied, template):
    """In a copy, `make update FROM=URL`."""
    next_version(template)
    recipe = ["make", "update", f"FROM={template}", f"PYTHON={sys.executable}"]
    ended = subprocess.run(recipe, cwd=copied, capture_output=True, text=True, check=True)
    assert "updated: build.yml" in ended.stdout


def test_files_in_another_folder_are_updated(template, tmp_path):
    """Where deploy/ was taken, the command and the files are in tools/deploy."""
    folder = tmp_path / "shop"
    base(folder, files={"deploy/nginx.conf": "", ".gitignore": "__pycache__\n"})
    git(folder, "init", "--quiet", "--initial-branch", "main")
    command = [sys.executable, "-m", "template", "adopt", folder]
    subprocess.run(command, cwd=template, check=True, capture_output=True)
    commit(folder)
    next_version(template)
    said = update(folder, [template], module="tools.deploy")
    assert "updated: tools/deploy/gunicorn.conf.py" in said
    assert "new: tools/deploy/infra/queue.yml" in said
