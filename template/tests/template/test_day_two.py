"""What owners do first in their copy turns nothing red that is not about it.

Each change is made in a begun copy, whose tests and linters then run as its owner runs them.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from template.begin.begin import Wish, begin
from template.tests import exhaustive
from template.tests.image.containers import unique
from template.tests.template import later_changes, owner_changes
from template.tests.template.copies import clone, fresh_copy, git, make

# Where an owner works; everything else has to go on without being touched.
OWNED = re.compile(r"(src|tests|docs)/|pyproject\.toml$|requirements(-dev)?\.txt$|README\.md$")
FAILED = re.compile(r"^(?:FAILED|ERROR) ([\w/.]+)", re.MULTILINE)
PYTHON = "public.ecr.aws/docker/library/python:3.14-slim-trixie"


@dataclass(frozen=True)
class Row:
    """A change, the tests that are about what it changes, and whether it installs packages.

    `touches` are the files outside of where an owner works that it is about.
    """

    change: Callable[[Path], None]
    about: str = "nothing"
    installs: bool = False
    touches: str = "nothing"

    def __str__(self) -> str:
        return self.change.__name__


TABLE = [
    Row(owner_changes.field),
    Row(owner_changes.field_of_the_account),
    Row(owner_changes.renamed_application),
    Row(owner_changes.started_application),
    Row(owner_changes.second_application),
    Row(owner_changes.other_application),
    Row(owner_changes.page),
    Row(owner_changes.upload),
    Row(owner_changes.command),
    Row(owner_changes.other_urls, about=r"tests/(itemslist|accounts)/"),
    Row(owner_changes.german),
    Row(owner_changes.asgi),
    Row(owner_changes.short_readme),
    Row(owner_changes.dependency, installs=True),
    Row(owner_changes.celery, installs=True),
    Row(later_changes.owner_of_an_item, about=r"tests/itemslist/test_item\.py"),
    Row(later_changes.renamed_field),
    Row(later_changes.accounts_without_api),
    Row(later_changes.packages, installs=True),
    Row(later_changes.allauth, installs=True),
    Row(later_changes.static_files),
    Row(later_changes.development_on_postgresql),
    Row(later_changes.no_worker, touches=r"Makefile|compose\.yaml"),
    Row(later_changes.no_uploads),
    Row(later_changes.no_sentry),
    Row(later_changes.no_browsable_api, about=r"tests/shop/test_pages\.py"),
    Row(later_changes.shorter_lines, touches=r"deploy/.*\.py|manage\.py"),
]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A copy that is called shop, with what the linters remember between two runs."""
    folder = fresh_copy(tmp_path_factory.mktemp("begun") / "copy")
    begin(folder, Wish("shop"))
    linted = make(folder, "lint")
    assert linted.returncode == 0, linted.stdout[-5000:]
    return folder


@pytest.fixture
def copy(begun, tmp_path):
    """Such a copy for one change."""
    return clone(begun, tmp_path / "copy")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "row", exhaustive.rows(TABLE, "field", key=str, mark=exhaustive.PROJECTS), ids=str
)
def test_change_turns_nothing_red(copy, row):
    """The linters are green, and so is every test that is not about what changed."""
    row.change(copy)
    more = {"VENV": str(copy / ".venv")} if row.installs else {}
    linted = make(copy, "lint", **more)
    assert linted.returncode == 0, linted.stdout[-5000:]
    tested = make(copy, "test", PYTEST_ADDOPTS="-rfE", **more)
    red = [file for file in FAILED.findall(tested.stdout) if not re.match(row.about, file)]
    assert (red, " passed" in tested.stdout) == ([], True), tested.stdout[-5000:]
    assert tested.returncode == 0 or row.about != "nothing", tested.stdout[-5000:]
    assert [name for name in elsewhere(copy) if not re.fullmatch(row.touches, name)] == []


def elsewhere(copy):
    """What changed outside of where an owner works."""
    changed = git(copy, "status", "--porcelain", "--no-renames", "--untracked-files=all")
    names = [line[3:] for line in changed.splitlines()]
    assert names
    return [name for name in names if not OWNED.match(name)]


@exhaustive.MARK
def test_broken_change_is_red(copy):
    """A change without its migration, and one that a test misses, are found by what runs here."""
    models = copy / "src/itemslist/models.py"
    models.write_text(models.read_text().replace("max_length=250", "max_length=9"))
    linted = make(copy, "lint")
    assert linted.returncode != 0
    assert "Migrations for 'itemslist'" in linted.stdout
    serializers = copy / "src/itemslist/serializers.py"
    serializers.write_text(serializers.read_text().replace('"title", ', ""))
    tested = make(copy, "test", PYTEST_ADDOPTS="-rfE")
    assert tested.returncode != 0
    assert any(file.startswith("tests/itemslist/") for file in FAILED.findall(tested.stdout))
    (copy / "Dockerfile").write_text("")
    assert elsewhere(copy) == ["Dockerfile"]


@exhaustive.PROJECTS
@pytest.mark.timeout(1800)
def test_newest_django_and_python(copy, docker):
    """On Django 6.1 and Python 3.14 the linters and the tests are green, warnings being errors."""
    project = copy / "pyproject.toml"
    owner_changes.replace(project, r'"django~=5\.2\.0"', '"django~=6.1.0"')
    owner_changes.replace(project, r'requires-python = ">=3\.11"', 'requires-python = ">=3.12"')
    said = make(copy, "--dry-run", "--silent", "requirements", "lint", "test", VENV="/venv").stdout
    commands = said[said.index("uv pip compile") :]
    script = copy / "commands"
    script.write_text(
        "set -eu\npython -m venv /venv\nexport PATH=/venv/bin:$PATH HOME=/tmp\n"
        "pip install --quiet uv\n"
        + commands.replace(
            "\nruff check .",
            "\npip install -qr requirements.txt -r requirements-dev.txt\nruff check .",
            1,
        )
        + "python -c 'import django, sys; print(django.VERSION[:2], sys.version_info[:2])'\n"
    )
    name = unique("newest")
    try:
        ended = subprocess.run(
            [
                *("docker", "run", "--rm", "--name", name, "--env=UV_SYSTEM_CERTS=1"),
                *(f"--volume={copy}:/copy", "--workdir=/copy", PYTHON, "bash", "commands"),
            ],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)
    assert ended.returncode == 0, ended.stdout[-5000:]
    assert "(6, 1) (3, 14)" in ended.stdout
    script.unlink()
    shutil.rmtree(copy / ".ruff_cache", ignore_errors=True)
    assert elsewhere(copy) == []
