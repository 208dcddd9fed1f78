"""The database goes away under load, and comes back."""

import json
import time

import pytest

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.image.containers import until
from template.tests.resilience.figures import FIGURES
from template.tests.resilience.load import HEADERS, Client, Load


class Reader(Client):
    """A client that reads from the database, and takes a clean 503 for what it is."""

    def list(self):
        """Ask for the items; raise AssertionError unless they come."""
        status, content = self.ask("GET", "/itemslist/")
        assert status == 200, (status, content)
        assert isinstance(json.loads(content), list)


def answer(port, path):
    """The status, the body and the header Retry-After of an answer."""
    client = Client(port, keep_alive=False)
    client.connection.request("GET", path, headers=HEADERS)
    response = client.connection.getresponse()
    found = response.status, response.read(), response.headers["Retry-After"]
    client.connection.close()
    return found


@pytest.fixture
def task(images, production, tasks):
    """A container of a production service, with both of its workers: the first can be healthy."""
    task = tasks.start(images[0], free_port(), **production)
    task.wait_until_healthy()
    assert until(lambda: len(task.workers()) == 2)
    return task


@exhaustive.MARK
def test_errors_end_when_the_database_returns(task, cluster, report):
    """Clients get 503 while the database is away, and 200 from the same workers afterwards."""
    workers = task.workers()
    load = Load(*(Reader(task.port) for _ in range(4)), requests=("list",), pause=FIGURES.pause)
    with load:
        load.wait_for(50)
        assert load.tally.failures == []
        cluster.stop()
        time.sleep(FIGURES.away_seconds)
        status, body, retry_after = answer(task.port, "/itemslist/")
        assert (status, retry_after) == (503, "5")
        assert json.loads(body)["detail"].startswith("The database does not answer.")
        assert answer(task.port, "/health/live")[0] == 200
        assert answer(task.port, "/health/ready")[0] == 503
        cluster.start()
        returned = time.monotonic()
        load.wait_for(load.tally.requests + 100)
    tally = load.tally
    seconds = max(0, max(tally.failed_at) - returned)
    figures = {"requests": tally.requests, "statuses": dict(tally.statuses)}
    report.add("Database restart", **figures, last_error_after_seconds=f"{seconds:.2f}")
    assert set(tally.statuses) == {200, 503}
    assert sum(tally.statuses.values()) == tally.requests
    assert seconds < FIGURES.worst_seconds
    assert answer(task.port, "/health/ready")[0] == 200
    assert task.workers() == workers
