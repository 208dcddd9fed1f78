"""No client notices that containers are replaced, or that many start at once."""

import time

import pytest

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.resilience.conftest import COMMITS
from template.tests.resilience.figures import FIGURES
from template.tests.resilience.fleet import Balancer
from template.tests.resilience.load import Client, Load

REQUESTS = ("create", "version", "read", "version", "read", "version")


@pytest.fixture
def balancer(nginx, tmp_path):
    """nginx in the place of the load balancer."""
    balancer = Balancer(nginx, tmp_path)
    with balancer.running():
        yield balancer


def clients(port):
    """Clients of three kinds: with keep-alive, without, and slow ones."""
    kept = [Client(port) for _ in range(4)]
    fresh = [Client(port, keep_alive=False) for _ in range(4)]
    slow = [Client(port, slow_seconds=FIGURES.slow_seconds) for _ in range(2)]
    return Load(*kept, *fresh, requests=REQUESTS, pause=FIGURES.pause), Load(
        *slow, requests=("create",)
    )


def replace(balancer, load, tasks, old, image, environment):
    """Replace a container as ECS does: the new one first; its exit status and the new one."""
    free = balancer.second if old.port == balancer.first else balancer.first
    new = tasks.start(image, free, **environment)
    new.wait_until_healthy()
    balancer.route("both")
    time.sleep(FIGURES.draining_seconds)
    balancer.route("second" if free == balancer.second else "first")
    # What the old one was asked before it has taken: nobody is still in its queue.
    load.wait_for(load.tally.requests + 2 * len(load.clients))
    time.sleep(FIGURES.draining_seconds)
    return new, old.stop()


def test_replaced_containers_lose_no_request(images, production, tasks, balancer, report):
    """Containers of two versions replace each other under load: no request fails."""
    task = tasks.start(images[0], balancer.first, **production)
    task.wait_until_healthy()
    load, slow = clients(balancer.port)
    statuses = []
    with load, slow:
        for number in range(1, FIGURES.replacements + 1):
            image = images[number % 2]
            task, status = replace(balancer, load, tasks, task, image, production)
            statuses.append(status)
            load.wait_for(FIGURES.requests * number // FIGURES.replacements)
    tally = load.tally
    tally.add(slow.tally)
    report.add(
        "Zero downtime",
        replacements=len(statuses),
        requests=tally.requests,
        slow_ones=slow.tally.requests,
        failed=len(tally.failures),
        p99_seconds=f"{load.tally.quantile(0.99):.3f}",
    )
    assert tally.failures == []
    assert slow.tally.requests >= FIGURES.replacements
    assert set(tally.versions) == set(COMMITS)
    assert set(statuses) == {0}


@exhaustive.MARK
def test_containers_that_start_at_once(images, production, tasks, report):
    """Many containers start at once on one database: all are healthy, and no request fails."""
    begin = time.monotonic()
    started = [tasks.start(images[0], free_port(), **production) for _ in range(FIGURES.starters)]
    for task in started:
        task.wait_until_healthy()
    seconds = time.monotonic() - begin
    load = Load(*(Client(task.port) for task in started), requests=REQUESTS, pause=FIGURES.pause)
    with load:
        load.wait_for(20 * FIGURES.starters)
    report.add(
        "Start at once",
        containers=len(started),
        healthy_after_seconds=f"{seconds:.1f}",
        requests=load.tally.requests,
        failed=len(load.tally.failures),
    )
    assert load.tally.failures == []
