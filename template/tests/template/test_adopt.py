"""`make adopt` copies what is missing, overwrites nothing, and says what is left to do."""

import os
import runpy
import subprocess
import sys

import pytest
import yaml

from template.adopt.adopt import PIPELINE
from template.adopt.adopt import write as write_file
from template.cli import main
from template.errors import TemplateError
from template.tests.docs.pages import Page, spans_in
from template.tests.image.containers import ROOT
from template.tests.template import shapes
from template.tests.template.projects import project, write

IMAGE = {"Dockerfile", ".dockerignore", "deploy/gunicorn.conf.py", "docker_image"}
WORKFLOWS = ROOT / ".github/workflows"


@pytest.fixture
def folder(tmp_path):
    """Somebody's project, as a tutorial leaves it."""
    path = tmp_path / "My Shop"
    shapes.tutorial(path)
    return path


def files(folder):
    """The files below a folder, with what they say."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def adopt(folder, capsys, code=0):
    """What the command prints about a folder, and that it ends so."""
    assert main(["adopt", str(folder)]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_recipe_needs_nothing_installed(folder):
    """`make adopt` works with a bare Python, and the copies say what the template says."""
    before = files(folder)
    path = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    recipe = ["make", "adopt", f"INTO={folder}", f"PYTHON={sys.executable} -S"]
    ended = subprocess.run(recipe, cwd=ROOT, env=path, capture_output=True, text=True, check=True)
    assert "docker build -t my-shop ." in ended.stdout
    after = files(folder)
    assert before.items() <= after.items()
    copied = {name: text for name, text in after.items() if name not in before}
    own = {".github/workflows/deploy.yml", ".github/workflows/ci.yml", "Makefile"}
    assert {
        *PIPELINE,
        *own,
        "Dockerfile",
        "deploy/infra/stage.yml",
        "deploy/cli.py",
    } <= copied.keys()
    for name in copied.keys() - own:
        assert copied[name] == (ROOT / name).read_text()


def test_deploy_differs_in_the_line_of_the_tests(folder, capsys):
    """Of the copied workflow only the command that tests is another one."""
    adopt(folder, capsys)
    theirs = (folder / ".github/workflows/deploy.yml").read_text().splitlines()
    ours = (WORKFLOWS / "deploy.yml").read_text().splitlines()
    different = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    line = "pip install -r requirements.txt && python manage.py test"
    assert different == [("      - run: make test-app", f"      - run: {line}")]


def test_pull_requests_run_the_same_line(folder, capsys):
    """The workflow of pull requests is made of the steps of the template's own."""
    adopt(folder, capsys)
    jobs = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())["jobs"]
    deploy = yaml.safe_load((folder / ".github/workflows/deploy.yml").read_text())["jobs"]
    assert jobs["test"] == deploy["test"]
    workflows = sorted(map(str, (folder / ".github/workflows").iterdir()))
    subprocess.run(["actionlint", *workflows], check=True)


def test_page_lists_what_is_copied(folder, capsys):
    """Whoever copies by hand is told of every file, and of each line that decides something."""
    page = Page(ROOT / "template/docs/existing-project.md")
    listed = tuple(name for row in page.rows("By hand") for name in spans_in(row[0]))
    before = files(folder)
    adopt(folder, capsys)
    of_a_project = {"Makefile", ".github/workflows/ci.yml"}
    copied = files(folder).keys() - before.keys() - of_a_project
    assert [name for name in copied if not name.startswith(listed)] == []
    lines = [span for row in page.rows("What the image finds") for span in spans_in(row[2])]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert len(lines) == 4
    assert all(f"{line}=" in dockerfile for line in lines)


def test_second_run_copies_nothing(folder, capsys):
    """What was copied is there already the second time, and nothing is changed."""
    adopt(folder, capsys)
    before = files(folder)
    said = adopt(folder, capsys)
    assert files(folder) == before
    assert "Copied:" not in said
    assert "Already there:" in said
    assert "different" not in said


def test_nothing_is_overwritten(folder, capsys):
    """A file of the project's own stays as it is, and the difference is told."""
    write(folder, {"build.yml": "version: 0.2\n", "deploy/gunicorn.conf.py": "workers = 9\n"})
    said = adopt(folder, capsys)
    assert (folder / "build.yml").read_text() == "version: 0.2\n"
    _, _, different = said.partition("left alone:")
    assert "build.yml (" in different
    assert "lines of the template are not in it, 0 are its own" in different
    assert 'wsgi_app = "docker_image.server:load()"' in different


def test_dangling_link_is_left_alone(folder, capsys, tmp_path):
    """Nothing is written through a link that leads nowhere."""
    (folder / "build.yml").symlink_to(tmp_path / "elsewhere")
    adopt(folder, capsys)
    assert not (tmp_path / "elsewhere").exists()


def test_own_dockerfile_keeps_its_image(folder, capsys):
    """A project with a Dockerfile gets the pipeline and no part of another image."""
    write(folder, {"Dockerfile": "FROM scratch\n"})
    said = adopt(folder, capsys)
    names = {path.name for path in folder.iterdir()}
    assert names & IMAGE == {"Dockerfile"}
    assert {"build.yml", "release.yml", "infra"} <= names
    assert "Your Dockerfile stays" in said


def test_own_setup_folder_is_not_mixed_with_another(folder, capsys):
    """A folder `setup` that is the project's own gets no files of the template."""
    write(folder, {"deploy/__init__.py": ""})
    assert "folder `setup` of your own" in adopt(folder, capsys)
    assert [path.name for path in (folder / "setup").iterdir()] == ["__init__.py"]


def test_what_cannot_be_guessed_is_said(tmp_path, capsys):
    """Two projects without requirements on an old Python: each gets the line that decides it."""
    for name in ("shop", "warehouse"):
        project(tmp_path / name, settings=f"{name}.settings.dev", package=name)
    write(tmp_path, {".python-version": "3.12.4\n", "docs/index.md": "", "tests/a.py": ""})
    said = adopt(tmp_path, capsys)
    assert 'ARG PROJECT_DIR="shop"' in said
    assert 'ARG REQUIREMENTS="path/to/file.txt"' in said
    assert 'ARG SETTINGS="shop.settings.production"' in said
    assert "ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.12-slim-trixie" in said
    assert "out of the image: docs, tests." in said


def test_settings_beside_are_suggested(tmp_path, capsys):
    """Where wsgi.py serves a developer's settings, those for production are named."""
    project(tmp_path, settings="shop.settings.local")
    write(tmp_path, {"shop/settings/prod.py": "", **shapes.PLAIN})
    assert 'ARG SETTINGS="shop.settings.prod"' in adopt(tmp_path, capsys)


def test_settings_that_nobody_names_are_asked_for(tmp_path, capsys):
    """Without a module in wsgi.py and manage.py there is a line to set."""
    write(tmp_path, {"manage.py": "import django\n", **shapes.PLAIN})
    assert "Neither wsgi.py nor manage.py names the settings" in adopt(tmp_path, capsys)


@pytest.mark.parametrize(
    ("file", "text", "wanted"),
    [
        ("runtime.txt", "python-3.13.1\n", None),
        (".python-version", "3.12\n", "3.12"),
        ("pyproject.toml", 'requires-python = ">=3.11"\n', None),
        ("pyproject.toml", 'requires-python = ">=3.11,<4"\n', None),
        ("pyproject.toml", 'requires-python = ">=3.11,<3.14"\n', None),
        ("pyproject.toml", 'requires-python = ">=3.11,<3.13"\n', "3.12"),
        ("pyproject.toml", 'requires-python = "==3.12.*"\n', "3.12"),
        ("pyproject.toml", 'requires-python = ">=3.14"\n', "3.14"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "~3.11"\n', "3.11"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\n', None),
        ("pyproject.toml", "[tool.ruff]\n", None),
    ],
)
def test_other_python_gets_its_base_image(folder, capsys, file, text, wanted):
    """A project that the image's Python does not suit is told the line for another."""
    write(folder, {file: text})
    said = adopt(folder, capsys)
    line = f"ARG BASE_IMAGE=public.ecr.aws/docker/library/python:{wanted}-slim-trixie"
    assert (line in said) == bool(wanted)
    assert ("BASE_IMAGE" in said) == bool(wanted)


REQUIREMENTS = {"requirements.txt": "django\n"}


@pytest.mark.parametrize(
    ("below", "more", "line"),
    [
        ("", {}, "pip install django && python manage.py test"),
        ("", REQUIREMENTS, "pip install -r requirements.txt && python manage.py test"),
        (
            "backend",
            REQUIREMENTS | {"pyproject.toml": "[tool.pytest.ini_options]\n"},
            "pip install -r requirements.txt && cd backend && pytest",
        ),
        (
            "",
            {
                "requirements/production.txt": "django\n",
                "requirements/test.txt": "pytest\n",
                "setup.cfg": "[tool:pytest]\n",
            },
            "pip install -r requirements/production.txt -r requirements/test.txt && pytest",
        ),
        (
            "",
            REQUIREMENTS | {"requirements-dev.txt": "-r requirements.txt\n", "tox.ini": "[x]\n"},
            "pip install -r requirements-dev.txt && python manage.py test",
        ),
        ("", {"uv.lock": ""}, "pip install uv && uv run python manage.py test"),
        (
            "",
            {"poetry.lock": "", "pytest.ini": "[pytest]\n"},
            "pip install poetry && poetry install && poetry run pytest",
        ),
        (
            "api",
            {"Pipfile.lock": ""},
            "pip install pipenv && pipenv sync --dev && cd api && pipenv run python manage.py test",
        ),
        (
            "",
            {"pyproject.toml": "[project]\ndependencies = []\n"},
            "pip install uv && uv run python manage.py test",
        ),
    ],
)
def test_line_of_the_tests_fits_the_project(tmp_path, capsys, below, more, line):
    """The packages come from the project's own file, and its own runner tests."""
    project(tmp_path / below)
    write(tmp_path, more)
    adopt(tmp_path, capsys)
    assert f"- run: {line}\n" in (tmp_path / ".github/workflows/deploy.yml").read_text()


@pytest.mark.parametrize(
    ("into", "reason"),
    [
        ("", "INTO is missing"),
        ("/no/such/folder", "/no/such/folder is not a folder"),
        (str(ROOT / "manage.py"), "is not a folder"),
        (str(ROOT), "is this template itself"),
        (str(ROOT / "docs"), "is this template itself"),
        (str(ROOT.parent), "is this template itself"),
    ],
)
def test_wrong_folder_is_refused(into, reason, capsys):
    """What is no folder, or the template, is refused with the way to say it."""
    said = adopt(into, capsys, code=1)
    assert reason in said
    assert "make adopt INTO=../my-project" in said


def test_folder_without_django_is_refused(tmp_path, capsys):
    """A folder without a manage.py of Django gets nothing, and reads where was looked."""
    write(
        tmp_path, {"manage.py": "from flask import Flask\n", "a/b/c/manage.py": "import django\n"}
    )
    before = files(tmp_path)
    said = adopt(tmp_path, capsys, code=1)
    assert "there is no manage.py of Django" in said
    assert str(tmp_path) in said
    assert files(tmp_path) == before


def test_unwritable_folder_is_refused(folder, capsys, monkeypatch):
    """A folder of somebody else's is refused before anything is copied."""
    monkeypatch.setattr("template.adopt.adopt.os.access", lambda path, mode: path != folder)
    before = files(folder)
    assert "cannot be written to" in adopt(folder, capsys, code=1)
    assert files(folder) == before


def test_failed_copy_is_told_and_goes_on_later(folder, capsys):
    """A file in the place of a folder stops the copying with its name; then it goes on."""
    write(folder, {"infra": "a file\n"})
    said = adopt(folder, capsys, code=1)
    assert "deploy/infra/database.yml could not be written" in said
    (folder / "infra").unlink()
    assert "deploy/infra/" in adopt(folder, capsys)


def test_file_that_appears_meanwhile_is_not_overwritten(folder):
    """A file that was not there a moment ago, and is now, stays as it is."""
    before = files(folder)
    with pytest.raises(TemplateError, match=r"manage\.py could not be written: File exists"):
        write_file(folder / "manage.py", "")
    assert files(folder) == before


def test_command_line_asks_for_a_command(monkeypatch, capsys):
    """Without a command there is an explanation."""
    monkeypatch.setattr(sys, "argv", ["template"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("template", run_name="__main__")
    assert ended.value.code == 2
    assert "adopt" in capsys.readouterr().err
