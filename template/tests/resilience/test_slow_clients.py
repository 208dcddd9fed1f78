"""Slow, broken and hostile clients keep nobody else waiting."""

import json
import time

import pytest

from template.tests import exhaustive
from template.tests.resilience import fleet
from template.tests.resilience.attack import ATTACKS, STATIC
from template.tests.resilience.figures import FIGURES
from template.tests.resilience.load import Load

ITEMS = 15  # of 10 kB each: a page that is longer than the buffers of the connection
# Linux would take megabytes of an answer from the server, and the server would never wait.
SMALL_BUFFERS = "--sysctl=net.ipv4.tcp_wmem=4096 16384 65536"


@pytest.fixture
def libpq(cluster):
    """The variables and the volume that lead to PostgreSQL by its socket."""
    cluster.home.chmod(0o755)  # the container's user is another one
    variables = {"PGHOST": "/postgresql", "PGPORT": str(cluster.port)}
    names = {"PGUSER": "app", "PGDATABASE": "postgres"}
    return f"--volume={cluster.home}:/postgresql:ro", variables | names


@pytest.fixture(params=["demo", "production"])
def task(images, tasks, request):
    """A container, as the demo on SQLite and as a service on PostgreSQL, with a long list."""
    options, environment = [SMALL_BUFFERS], {"ALLOWED_HOSTS": "localhost", "LOG_LEVEL": "ERROR"}
    if request.param == "production":
        request.getfixturevalue("production")  # which has migrated the database
        volume, variables = request.getfixturevalue("libpq")
        options.append(volume)
        environment |= fleet.PRODUCTION | variables
    task = tasks.start_apart(images[0], *options, **environment)
    task.wait_until_healthy()
    client = task.client()
    item = json.dumps({"title": "Long", "content": "x" * 10_000})
    for _ in range(ITEMS):
        assert client.ask("POST", "/itemslist/", item)[0] == 201
    client.connection.close()
    return task


USUAL = ("slow bodies", "slow readers", "static files that nobody reads")


@pytest.mark.parametrize("name", exhaustive.rows(ATTACKS, *USUAL))
def test_others_are_unharmed(task, report, name):
    """While many connections attack, every request of others is answered, and soon."""
    others = (task.client(), task.client(keep_alive=False))
    load = Load(*others, requests=("create", "version", "read"), pause=0.01)
    with ATTACKS[name].running(task.port, FIGURES.attackers, task.host):
        task.client(keep_alive=False).version()  # what the attack began with has been worked off
        with load:
            time.sleep(FIGURES.attack_seconds)
    tally = load.tally
    figures = {"connections": FIGURES.attackers, "requests": tally.requests}
    worst = {f"p{share}": f"{tally.quantile(share / 100):.3f} s" for share in (50, 99, 100)}
    report.add(f"Unharmed by {name}", **figures, failed=len(tally.failures), **worst)
    assert tally.failures == []
    assert tally.quantile(0.99) < FIGURES.worst_seconds


def test_static_file_is_longer_than_the_buffers(images, tasks):
    """The file that nobody reads exists, and a connection cannot hold it."""
    task = tasks.start_apart(images[0], SMALL_BUFFERS, ALLOWED_HOSTS="localhost")
    task.wait_until_healthy()
    status, content = task.client(keep_alive=False).ask("GET", STATIC.decode())
    assert status == 200
    assert len(content) > 1_000_000
