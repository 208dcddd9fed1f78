"""The worker as a process, on SQLite and on PostgreSQL: nothing that is queued is lost."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from template.tests import exhaustive, postgresql
from template.tests.app.commands import SECONDS, manage, runserver, worker
from template.tests.image.containers import until
from tests.conftest import PRODUCTION

BATCH = ("db_worker", "--batch", "--no-startup-delay")  # ends when nothing is queued
CREATE = "from itemslist.models import ItemList; create = ItemList.objects.create;"
DELETE = "from itemslist.tasks import delete_duplicates;"
WAIT = "from template.tests.app.slow import wait;"
SHOW = (
    "import json; from django_tasks_db.models import DBTaskResult;"
    "print(json.dumps([[each.status, each.return_value] for each in"
    " DBTaskResult.objects.order_by('enqueued_at')]))"
)


@pytest.fixture(scope="module")
def cluster(postgresql_programs: Path) -> Iterator[postgresql.Cluster]:
    """A PostgreSQL server that can be stopped and started."""
    with postgresql.cluster(postgresql_programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of an application with an empty database."""
    if request.param == "sqlite":
        found = {"DATA_DIR": str(tmp_path / "data")}
    else:
        server = request.getfixturevalue("cluster")
        server.run_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        found = PRODUCTION | {"DATABASE_URL": server.url}
    manage("migrate", **found)
    return found


def shell(code: str, **environment: str) -> str:
    """What the code prints in Django's shell."""
    return manage("shell", "--verbosity=0", "--command", code, **environment)


def results(**environment: str) -> list[tuple[str, object]]:
    """The status and the return value of each task, in the order in which they were queued."""
    return [tuple(each) for each in json.loads(shell(SHOW, **environment))]


def test_queue_waits_for_a_worker(environment):
    """What is queued while no worker runs is done by the next one."""
    shell(
        f"{CREATE} {DELETE} pks = [create(title='tea').pk for _ in range(3)];"
        "delete_duplicates.enqueue(pks); delete_duplicates.enqueue(pks)",
        **environment,
    )
    assert results(**environment) == [("READY", None)] * 2
    manage(*BATCH, **environment)
    assert results(**environment) == [("SUCCESSFUL", 2), ("SUCCESSFUL", 0)]


@pytest.mark.parametrize("stop", exhaustive.rows([signal.SIGTERM, signal.SIGINT], signal.SIGTERM))
def test_worker_finishes_its_task(environment, tmp_path, stop):
    """A worker that is told to end finishes its task, begins no other, and ends with 0."""
    queue = f"{WAIT} wait.enqueue({str(tmp_path)!r}); wait.enqueue({str(tmp_path)!r})"
    shell(queue, **environment)
    with worker(**environment) as process:
        assert until((tmp_path / "started").exists)
        assert results(**environment) == [("RUNNING", None), ("READY", None)]
        process.send_signal(stop)
        assert until(lambda: "gracefully" in process.stderr.readline())
        assert process.poll() is None
        (tmp_path / "end").touch()
        assert process.wait(SECONDS) == 0
    assert results(**environment) == [("SUCCESSFUL", "ended"), ("READY", None)]
    manage(*BATCH, **environment)
    assert results(**environment) == [("SUCCESSFUL", "ended")] * 2


@exhaustive.MARK
def test_idle_worker_ends_at_once(environment):
    """So does one that has nothing to do."""
    with worker(**environment) as process:
        assert until(lambda: "Starting worker" in process.stderr.readline())
        process.terminate()
        assert process.wait(SECONDS) == 0


def test_killed_worker_leaves_its_task_running(environment, tmp_path):
    """A task whose worker was killed stays `Running`, and is not begun a second time."""
    shell(f"{WAIT} wait.enqueue({str(tmp_path)!r})", **environment)
    with worker(**environment) as process:
        assert until((tmp_path / "started").exists)
        process.kill()
    (tmp_path / "end").touch()
    manage(*BATCH, **environment)
    assert results(**environment) == [("RUNNING", None)]


def test_database_goes_away(cluster, tmp_path):
    """A worker without its database ends with an error; the next one does what was queued."""
    environment = PRODUCTION | {"DATABASE_URL": cluster.url}
    manage("migrate", **environment)
    with worker(**environment) as process:
        assert until(lambda: "Starting worker" in process.stderr.readline())
        cluster.stop()
        try:
            assert process.wait(SECONDS) != 0
        finally:
            cluster.start()
    (tmp_path / "end").touch()
    shell(f"{WAIT} wait.enqueue({str(tmp_path)!r})", **environment)
    manage(*BATCH, **environment)
    assert results(**environment)[-1] == ("SUCCESSFUL", "ended")


def test_server_and_worker_share_sqlite(tmp_path):
    """On SQLite the server and the worker write at once, and neither stands in the other's way."""
    environment = {"DATA_DIR": str(tmp_path / "data")}
    manage("migrate", **environment)
    queue = f"{DELETE} [delete_duplicates.enqueue([1, 2, 3]) for _ in range(100)]"
    shell(queue, **environment)
    with (
        runserver(**environment) as address,
        worker(**environment) as process,
        requests.Session() as browser,
        ThreadPoolExecutor(8) as pool,
    ):
        write = partial(browser.put, f"{address}/itemslist", {"title": "tea"})
        answers = [future.result() for future in [pool.submit(write) for _ in range(64)]]
        assert until(lambda: "READY" not in str(results(**environment)))
        assert process.poll() is None
    assert {answer.status_code for answer in answers} == {201}
    assert {status for status, _ in results(**environment)} == {"SUCCESSFUL"}
