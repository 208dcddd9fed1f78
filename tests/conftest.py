"""Fixtures that every kind of test may use."""

from pathlib import Path

import pytest

from tests.requirements import docker_answers, note_skip, require


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker Engine that answers."""
    require(docker_answers(), "no Docker Engine answers here", variable="REQUIRE_DOCKER")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Leave the reasons of skipped tests behind for `make test`, which then judges no coverage."""
    note_skip(report, Path(".skipped"))
