"""Slow, broken and hostile clients keep nobody else waiting."""

import json
import time

import pytest

from template.tests import exhaustive
from template.tests.postgresql import free_port
from template.tests.resilience import fleet
from template.tests.resilience.attack import ATTACKS
from template.tests.resilience.figures import FIGURES
from template.tests.resilience.load import Client, Load

WORST_SECONDS = 3  # on a machine that is busy with the attack itself
ITEMS = 100  # of 10 kB each: a page that is longer than the buffers of slow readers


@pytest.fixture(scope="module", params=["demo", "production"])
def task(images, request):
    """A container, as the demo on SQLite and as a service on PostgreSQL, with a long list."""
    environment = {"LOG_LEVEL": "ERROR"}
    if request.param == "production":
        environment |= request.getfixturevalue("production")
    with fleet.tasks() as tasks:
        task = tasks.start(images[0], free_port(), **environment)
        task.wait_until_healthy()
        client = Client(task.port)
        item = json.dumps({"title": "Long", "content": "x" * 10_000})
        for _ in range(ITEMS):
            assert client.ask("POST", "/itemslist/", item)[0] == 201
        client.connection.close()
        yield task


USUAL = ("slow bodies", "slow readers", "static files that nobody reads")


@pytest.mark.parametrize("name", exhaustive.rows(ATTACKS, *USUAL))
def test_others_are_unharmed(task, report, name):
    """While many connections attack, every request of others is answered, and soon."""
    others = (Client(task.port), Client(task.port, keep_alive=False))
    load = Load(*others, requests=("create", "version", "read"), pause=0.01)
    with ATTACKS[name].running(task.port, FIGURES.attackers), load:
        time.sleep(FIGURES.attack_seconds)
    tally = load.tally
    figures = {"connections": FIGURES.attackers, "requests": tally.requests}
    worst = {f"p{share}": f"{tally.quantile(share / 100):.3f} s" for share in (50, 99, 100)}
    report.add(f"Unharmed by {name}", **figures, failed=len(tally.failures), **worst)
    assert tally.failures == []
    assert tally.quantile(0.99) < WORST_SECONDS
