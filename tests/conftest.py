"""Fixtures that every kind of test may use."""

import pytest

from tests.requirements import docker_answers, require


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker Engine that answers."""
    require(docker_answers(), "no Docker Engine answers here", variable="REQUIRE_DOCKER")
