"""Small projects to rehearse: the real pipeline and deploy/infra/ around an image of one file."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from werkzeug import Request, Response

from template.rehearsal.ecs.timelines import Timelines
from template.rehearsal.serving import serve
from template.tests.pipeline.engines import DOCKERFILE
from template.tests.pipeline.workflows import ROOT

PIPELINE = (".github", "build.yml", "release.yml", "deploy/infra")
SPEED = 20.0  # seconds of ECS's in one of ours
# The tests of a project, as deploy.yml calls them, in no time.
CI = """\
name: CI
on: {workflow_call: }
permissions: {}
jobs:
  test:
    name: Tests
    runs-on: ubuntu-24.04
    steps: [{run: "true"}]
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody; what it prints."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def small_project(folder: Path) -> Path:
    """A project with this repository's pipeline, and tests and an image that take no time.

    CodePipeline polls ECS as often as GitHub's rehearsal does: a variable says so.
    """
    folder.mkdir()
    for name in PIPELINE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "content").write_text("content")
    (folder / ".github/workflows/ci.yml").write_text(CI)
    stage = "          - {Name: STAGE_NAME, Value:"
    polls = '          - {Name: POLL_SECONDS, Value: "1"}\n'
    edit(folder / "deploy/infra/pipeline.yml", stage, polls + stage)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    return folder


def quick_project(folder: Path) -> Path:
    """This repository at its commit, on main, with tests of the application that take no time.

    They have been run before this test, and would be run once more.
    """
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    git(folder, "remote", "remove", "origin")
    git(folder, "checkout", "--quiet", "-B", "main")
    (folder / ".github/workflows/ci.yml").write_text(CI)
    commit(folder)
    return folder


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text wherever it stands in a file, in which it has to stand."""
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def commit(folder: Path) -> None:
    """Commit everything, be it nothing."""
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "Try")


class Played(Timelines):
    """Timelines whose containers seem to answer: a web server does it for them."""

    def __init__(self, endpoint: str):
        super().__init__()
        self.endpoint = endpoint

    def address(self, task: str) -> str:
        """Where the container of a task answers."""
        return f"http://{self.endpoint}"


@contextlib.contextmanager
def play(*_: object) -> Iterator[Played]:
    """Launch nothing, and play timelines instead; `/ping` answers 200, the rest 404."""

    def answer(request: Request) -> Response:
        return Response(status=200 if request.path == "/ping" else 404)

    with serve(Request.application(answer)) as endpoint:
        yield Played(endpoint)
