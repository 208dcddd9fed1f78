"""The image, built once for all tests, and a checkout to build others from."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from template.tests import postgresql
from template.tests.image import containers
from template.tests.image.containers import COMMIT, HARDENED, ROOT, Container


@pytest.fixture(scope="session")
def build(docker: None) -> Iterator[Callable[..., str]]:
    """A function that builds a folder and returns the image's name; all images go at the end."""
    names = []

    def build_folder(folder: Path, *options: str) -> str:
        names.append(containers.unique("image"))
        containers.docker("build", "--tag", names[-1], *options, str(folder))
        return names[-1]

    yield build_folder
    containers.docker("image", "rm", "--force", *names)


@pytest.fixture(scope="session")
def image(build: Callable[..., str]) -> str:
    """The image of this repository, as build.yml builds it on a machine without a cache."""
    return build(ROOT, "--no-cache", "--build-arg", f"COMMIT_SHA={COMMIT}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of everything that the image is built from, without .git."""
    for name in (".dockerignore", "Dockerfile", "manage.py", "pyproject.toml", "requirements.txt"):
        shutil.copy2(ROOT / name, tmp_path)
    for name in ("deploy", "src"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    return tmp_path


@pytest.fixture(scope="session", params=[(), HARDENED], ids=["plain", "hardened"])
def server(image: str, request: pytest.FixtureRequest) -> Iterator[Container]:
    """The demo, run as the README does, and run with everything taken away that it can spare."""
    with containers.running(image, *request.param) as container:
        container.wait_until_live()
        yield container


@pytest.fixture
def database(postgresql_programs: Path) -> Iterator[postgresql.Cluster]:
    """An empty PostgreSQL server on the host's loopback."""
    with postgresql.cluster(postgresql_programs, "-c fsync=off") as server:
        yield server
