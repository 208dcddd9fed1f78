"""Two versions of the image, a database for them, and the report of the run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from template.tests import postgresql
from template.tests.image import containers
from template.tests.resilience import fleet
from template.tests.resilience.figures import Report

COMMITS = ("a" * 40, "b" * 40)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Iterator[Report]:
    """Where tests write their figures, which are printed at the end."""
    report = Report()
    yield report
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write("\n".join(["", *report.lines, ""]))


@pytest.fixture(scope="session")
def images(docker: None) -> Iterator[list[str]]:
    """The image as two commits build it, the older one first."""
    names = []
    for commit in COMMITS:
        names.append(containers.unique("image"))
        argument = f"--build-arg=COMMIT_SHA={commit}"
        containers.docker("build", "--tag", names[-1], argument, str(containers.ROOT))
    yield names
    containers.docker("image", "rm", "--force", *names)


@pytest.fixture(scope="module")
def cluster(postgresql_programs: Path) -> Iterator[postgresql.Cluster]:
    """A PostgreSQL server that keeps what it has acknowledged."""
    with postgresql.cluster(postgresql_programs, "-c max_connections=400") as server:
        yield server


@pytest.fixture(scope="module")
def production(images: list[str], cluster: postgresql.Cluster) -> dict[str, str]:
    """The environment of a production service whose database has been migrated."""
    environment = fleet.PRODUCTION | {"DATABASE_URL": cluster.url}
    fleet.migrate(images[0], **environment)
    return environment


@pytest.fixture
def tasks() -> Iterator[fleet.Tasks]:
    """A place for containers, which goes with the test."""
    with fleet.tasks() as place:
        yield place
