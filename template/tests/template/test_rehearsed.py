"""Projects that adopted, and a copy that began, go through the whole pipeline to production."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from template.begin.begin import Wish, begin
from template.tests import exhaustive
from template.tests.pipeline.sandboxes import edit
from template.tests.template import public_shapes, shapes
from template.tests.template.copies import FUTURE, fresh_copy, git, ready_venv

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Row:
    """A project, the variables that its owner gives both stages, where its Dockerfile lies.

    `tests` are changes that its owner makes to the line that runs its tests.
    """

    make: Callable[[Path], None]
    variables: dict[str, str] = field(default_factory=dict)
    place: str = "Dockerfile"
    tests: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.make.__name__


TABLE = [
    Row(
        public_shapes.environ_and_poetry,
        {"MAILGUN_API_KEY": "key of 'mail'"},
        # Poetry's own installer asks PyPI for more than a mirror of it has.
        tests=(
            ("pip install poetry", "pip install poetry poetry-plugin-export"),
            (
                "poetry install --no-root",
                "poetry export -o wanted.txt && pip install -r wanted.txt",
            ),
            ("poetry run ", ""),
        ),
    ),
    Row(public_shapes.decouple_and_uv, {"STRIPE_KEY": "sk_live=1"}),
    Row(shapes.own_files, place="tools/deploy/Dockerfile"),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A clone of the template, with what `make` installs."""
    folder = fresh_copy(tmp_path_factory.mktemp("template") / "clone")
    venv = ready_venv(folder.parent / "venv")
    (venv / "stamp").touch()
    os.utime(venv / "stamp", (FUTURE, FUTURE))
    return folder


def make(template, *arguments):
    """Run a recipe of the template's, and return its exit status and what it prints."""
    venv = f"TEMPLATE_VENV={template.parent / 'venv'}"
    environment = {key: value for key, value in os.environ.items() if key not in ("OF", "CONFIG")}
    done = subprocess.run(
        ["make", "--silent", *arguments, venv],
        cwd=template,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def commit(folder):
    """Put everything into a commit on main."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Adopt")


@pytest.mark.parametrize(
    "row",
    exhaustive.rows(TABLE, "decouple_and_uv", key=str, mark=exhaustive.PROJECTS),
    ids=str,
)
def test_adopted_project_goes_to_production(template, tmp_path, row):
    """Its tests, its image, its migrations on both stages' PostgreSQL, with its own variables."""
    folder = tmp_path / "shop"
    row.make(folder)
    adopted = make(template, "adopt", f"INTO={folder}")
    assert adopted[0] == 0, adopted[1]
    for old, new in row.tests:
        edit(folder / ".github/workflows/ci.yml", old, new)
    commit(folder)
    assert "COPY --from=build" in (folder / row.place).read_text()
    (folder / "later.txt").write_text("not committed")
    file = tmp_path / "rehearsal.env"
    file.write_text("".join(f'{name}="{value}"\n' for name, value in row.variables.items()))
    config = [f"CONFIG={file}"] if row.variables else []
    status, said = make(template, "rehearse", f"OF={folder}", *config)
    assert status == 0, said
    head = git(folder, "rev-parse", "HEAD").strip()
    assert f"Rehearsing commit {head} of {folder}." in said
    assert "Changes that are not committed are not part of it." in said
    assert "OK" in said.partition("== Deploy/Build")[0]  # the project's own test has passed
    assert said.count("Applying notes.0001_initial... OK") == 2
    assert len(re.findall(r"^(staging|production) .* COMPLETED$", said, re.MULTILINE)) == 2
    assert "The production image ran, and answered: /health/live 200, / 200" in said
    for value in row.variables.values():
        assert value not in said


@exhaustive.MARK
def test_variable_that_is_missing_fails_before_anything_serves(template, tmp_path):
    """Without the stage's own variable staging's migration is red, and production is not begun."""
    folder = tmp_path / "shop"
    public_shapes.decouple_and_uv(folder)
    make(template, "adopt", f"INTO={folder}")
    commit(folder)
    status, said = make(template, "rehearse", f"OF={folder}")
    assert status != 0
    assert "STRIPE_KEY not found" in said
    assert "The stage staging ended as failure." in said
    assert "So nothing ran of: production." in said


@exhaustive.PROJECTS
def test_copy_that_began_goes_to_production(template, tmp_path):
    """Its owner's tests and linters, image and migrations, under its owner's names."""
    folder = tmp_path / "copy"
    shutil.copytree(template, folder)
    begin(folder, Wish("Corner Shop", "wares"))
    status, said = make(template, "rehearse", f"OF={folder}")
    assert status == 0, said[-5000:]
    assert "Changes that are not committed" not in said
    assert said.count("Applying wares.0001_initial... OK") == 2
    assert "/health/live 200, / 200" in said
