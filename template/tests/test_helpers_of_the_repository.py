"""The files that help people to work on the repository do what they are for."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from template.tests.docs import sources
from template.tests.docs.pages import tracked

ROOT = Path(__file__).parents[2]
DEPENDABOT = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
# What Dependabot reads in each kind of folder.
MANIFESTS = {
    "docker": "Dockerfile",
    "docker-compose": "compose.yaml",
    "github-actions": ".github/actions/*/action.yml",
    "npm": "package.json",
    "pip": "*.txt",
}


def environment(**more: str) -> dict[str, str]:
    """The environment of somebody with the tools of the repository."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"HOME": os.environ["HOME"], "PATH": path, **more}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the hooks, the linters' configuration and their virtual environment."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in (".pre-commit-config.yaml", ".yamllint.yml", ".gitignore", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def pre_commit(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run all hooks on what is added to the index."""
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    variables = environment(PRE_COMMIT_HOME=str(folder.parent / "pre-commit"))
    return subprocess.run(
        ["pre-commit", "run", "--all-files"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_hooks_format_what_is_committed(checkout):
    """A file that is not formatted stops the commit once, and is formatted for the next."""
    file = checkout / "shop.py"
    file.write_text("import os\nNAMES = [ 'a' ]\n")
    assert pre_commit(checkout).returncode == 1
    assert file.read_text() == 'NAMES = ["a"]\n'
    again = pre_commit(checkout)
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize(
    ("name", "text", "hook"),
    [
        ("shop.py", "name = undefined\n", "ruff check"),
        ("shop.yml", "a: 1\na: 2\n", "yamllint"),
        (".github/workflows/shop.yml", "on: push\njobs: {}\n", "actionlint"),
        ("Dockerfile", "FROM scratch\nRUN cd /\n", "hadolint"),
    ],
)
def test_hooks_refuse_mistakes(checkout, name, text, hook):
    """Each hook stops what its tool refuses."""
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text(text)
    done = pre_commit(checkout)
    assert done.returncode == 1
    assert re.search(rf"^{hook}\.+Failed$", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("kind", MANIFESTS)
def test_dependabot_looks_everywhere(kind):
    """Every folder in which packages, actions or images are pinned has its updates."""
    files = [file.relative_to(ROOT) for file in tracked() if file.match(MANIFESTS[kind])]
    folders = {str(Path("/") / file.parent) for file in files}
    known = {
        place
        for update in DEPENDABOT
        if update["package-ecosystem"] == kind
        for place in [*update.get("directories", []), update.get("directory")]
    }
    assert folders
    assert sorted(folders - known) == []


@pytest.mark.parametrize("update", DEPENDABOT, ids=lambda update: update["package-ecosystem"])
def test_updates_come_together_and_late(update):
    """Updates come in one pull request, and not before others have tried them for a week."""
    assert len(update["groups"]) == 1
    assert update["cooldown"]["default-days"] >= 7


def test_example_of_the_environment_changes_nothing():
    """`.env.example` only has comments, so that a copy of it changes nothing."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_example_of_the_environment_names_variables():
    """`.env.example` names variables that the application or its web server read."""
    text = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^# ([A-Z_]+)=", text, re.MULTILINE))
    assert "DATABASE_URL" in named
    assert named <= {*sources.application(), *sources.web_server()}


def test_development_container_is_ready():
    """The development container has the image's Python, and makes the virtual environment."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    base = sources.image()["BASE_IMAGE"]
    assert (
        re.search(r"python:(\S+?)-", container["image"])[1] == re.search(r"python:(\S+?)-", base)[1]
    )
    assert container["postCreateCommand"] == "make install"
    assert [f"`{port}`" for port in container["forwardPorts"]] == [sources.recipes()["PORT"]]


def test_examples_of_owners_exist():
    """Each path in the example of CODEOWNERS is in the repository."""
    lines = (ROOT / ".github/CODEOWNERS.example").read_text().splitlines()
    paths = [line.split()[0] for line in lines if line.startswith("/")]
    assert paths
    assert [path for path in paths if not (ROOT / path.strip("/")).exists()] == []


def recipes_with_tests() -> dict[str, str]:
    """The recipes of the Makefile that test, with their commands."""
    found = re.findall(r"^(test[\w-]*):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    return dict(found)


def test_ci_runs_every_folder_of_tests():
    """Each folder of tests is run by a recipe that a job of CI calls."""
    called = re.findall(r"run: make ([\w-]+)", (ROOT / ".github/workflows/ci.yml").read_text())
    commands = "".join(recipes_with_tests().get(recipe, "") for recipe in called)
    folders = {file.parent.name for file in (ROOT / "tests").glob("*/__init__.py")}
    assert {f"tests/{name}" for name in folders} <= set(commands.split())


def test_contributors_are_told_of_every_recipe():
    """CONTRIBUTING.md names each recipe that tests something."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in recipes_with_tests() if f"`make {name}`" not in text] == []
