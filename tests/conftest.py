"""Fixtures that every kind of test may use."""

import shutil
from pathlib import Path

import pytest

from tests import postgresql
from tests.requirements import docker_answers, note_skip, require


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker Engine that answers."""
    require(docker_answers(), "no Docker Engine answers here", variable="REQUIRE_DOCKER")


@pytest.fixture(scope="session")
def nginx() -> str:
    """The path of the program nginx."""
    path = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin")
    require(path is not None, "nginx is missing", variable="REQUIRE_NGINX")
    return path


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    """The folder with PostgreSQL's programs."""
    folder = postgresql.programs()
    require(folder is not None, "PostgreSQL's initdb is missing", variable=postgresql.REQUIRED)
    return folder


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Leave the reasons of skipped tests behind for `make test`, which then judges no coverage."""
    note_skip(report, Path(".skipped"))
