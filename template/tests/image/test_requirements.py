"""What the build reads to install packages is copied, so that nothing else makes it install."""

import json
import runpy
import sys

import pytest

from docker_image import requirements


@pytest.fixture
def root(tmp_path):
    """A project with a manage.py."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "manage.py").write_text("import django\n")
    return folder


def copied(root, **files):
    """The files that the build copies out of a project with these, and what they say."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    target = root.parent / "copied"
    requirements.main(str(root), str(target))
    return {
        path.relative_to(target).as_posix(): path.read_text()
        for path in target.rglob("*")
        if path.is_file()
    }


def test_included_files_come_along(root):
    """Requirements, those that they include, constraints and packages beside them are copied."""
    files = {
        "requirements/production.txt": "-r base.txt\n--constraint=../pins.txt\n-r missing.txt\n",
        "requirements/base.txt": "-r production.txt\n../lib/tool.whl\n-e ../libs/own[extra]\n",
        "lib/tool.whl": "wheel",
        "libs/own/setup.py": "",
        "pins.txt": "django<6\n",
        "views.py": "",
    }
    found = copied(root, **files)
    assert json.loads(found.pop("chosen.json")) == "requirements/production.txt"
    del files["views.py"]
    assert found == files


@pytest.mark.parametrize("line", ["-e .", ".", "--editable=.", "-e file:.", "-e .[dev]"])
def test_project_itself_is_not_installed(root, line):
    """The line that installs the project is dropped: its folder is on the path."""
    found = copied(root, **{"requirements.txt": f"django\n{line}\nwhitenoise\n"})
    assert found["requirements.txt"].split() == ["django", "whitenoise"]


@pytest.mark.parametrize(
    ("lock", "beside"),
    [("uv.lock", "pyproject.toml"), ("poetry.lock", "pyproject.toml"), ("Pipfile.lock", "Pipfile")],
)
def test_lock_file_comes_with_its_project(root, lock, beside):
    """A lock file is copied with the file that its tool reads beside it."""
    found = copied(root, **{lock: "lock", beside: "beside", "requirements.txt": "django"})
    assert found == {"chosen.json": json.dumps(lock), lock: "lock", beside: "beside"}


def test_pyproject_comes_alone(root):
    """A pyproject.toml without a lock file is all that is read."""
    text = "[project]\ndependencies = []\n"
    assert copied(root, **{"pyproject.toml": text}).keys() == {"chosen.json", "pyproject.toml"}


def test_choices_are_read_from_the_environment(root, monkeypatch, capsys):
    """ARG PROJECT_DIR and ARG REQUIREMENTS decide, and the build says what it took."""
    monkeypatch.setenv("PROJECT_DIR", "shop")
    monkeypatch.setenv("REQUIREMENTS", "all.txt")
    copied(root, **{"shop/manage.py": "", "requirements.txt": "", "all.txt": ""})
    assert capsys.readouterr().out.splitlines() == [
        "manage.py: shop/manage.py (ARG PROJECT_DIR)",
        "packages: all.txt (ARG REQUIREMENTS)",
    ]


def test_step_is_run_by_its_name(root, monkeypatch):
    """`python -m docker_image STEP FOLDER...` runs a step of the build."""
    (root / "requirements.txt").write_text("django\n")
    target = root.parent / "copied"
    monkeypatch.setattr(sys, "argv", ["docker_image", "requirements", str(root), str(target)])
    runpy.run_module("docker_image", run_name="__main__")
    assert (target / "requirements.txt").read_text() == "django\n"
