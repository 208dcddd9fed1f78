"""Fixtures that every kind of test may use."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from template.tests import exhaustive, postgresql
from template.tests.requirements import docker_answers, note_skip, require

# Folders whose tests share what takes long to make, and files whose tests share nothing.
TOGETHER = ("template/tests/browser/", "template/tests/image/", "template/tests/resilience/")
INDEPENDENT = re.compile(r"template/tests/pipeline/test_(release\w*|buildspecs)\.py")
# Folders whose tests take longest: begun first, so that no process is left with one in the end.
FIRST = tuple(
    f"tests/{name}/" for name in ("image", "resilience", "browser", "docs", "template", "pipeline")
)


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell's `command &` would have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Scheduling(LoadScopeScheduling):
    """Keeps a file's tests in one process, with what they have built, unless they share nothing."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        folder = next(filter(path.startswith, TOGETHER), None)
        return nodeid if INDEPENDENT.fullmatch(path) else folder or path


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
def wrk() -> None:
    """The program wrk."""
    require(shutil.which("wrk") is not None, "wrk is missing", variable="REQUIRE_WRK")


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The path of the program redis-server."""
    path = shutil.which("redis-server")
    require(path is not None, "redis-server is missing", variable="REQUIRE_REDIS")
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the program Chromium, or of Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    require(path is not None, "Chromium is missing", variable="REQUIRE_BROWSER")
    return path


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    """The folder with PostgreSQL's programs."""
    folder = postgresql.programs()
    require(folder is not None, "PostgreSQL's initdb is missing", variable=postgresql.REQUIRED)
    return folder


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """More processes than processors, because tests also wait: for Docker, ECS and servers."""
    return (os.cpu_count() or 2) * 3 // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Who decides in which process a test runs."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the exhaustive tests out unless they are asked for, and begin with what takes long."""
    exhaustive.deselect(config, items)
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in FIRST])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Leave the reasons of skipped tests behind for `make test`, which then judges no coverage."""
    note_skip(report, Path(".skipped"))
