"""A release of several services: one migration, all deployed and followed together."""

import itertools
import re

import pytest

from template.rehearsal.ecs import timelines
from template.rehearsal.ecs.launching import STOPPED
from template.rehearsal.ecs.playback import LOG
from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import Account
from template.tests.pipeline.faults import DENIED, STEP_BY_STEP, both
from template.tests.pipeline.workers import WORKER

pytestmark = pytest.mark.usefixtures("docker")

SERVICES = ("web", WORKER)
COLUMNS = ("Service", "Result", "Running", "Image", "Duration")


@pytest.fixture
def bare(doubles, tmp_path, tools):
    """An account whose staging has a web server alone."""
    return Account(engines.run_in_codebuild, doubles, tmp_path, tools)


@pytest.fixture
def account(bare):
    """An account whose staging has a worker beside the web server."""
    bare.add_worker()
    return bare


def table(summary: str) -> list[dict[str, str]]:
    """The rows of the table of services, by column; there is one such table."""
    head = f"| {' | '.join(COLUMNS)} |\n"
    assert summary.count(head) == 1, summary
    rows = summary.partition(head)[2].partition("\n\n")[0].splitlines()[1:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells]


def names(rows: list[dict[str, str]]) -> list[str]:
    """The names of the services in the table, which are links to the console."""
    found = [re.fullmatch(r"\[([\w-]+)\]\((https://\S+)\)", row["Service"]) for row in rows]
    assert all(f"/services/{each[1]}/deployments" in each[2] for each in found)
    return [each[1] for each in found]


def progress(output: str, service: str) -> list[str]:
    """What the lines of progress of a service say, without the time."""
    return re.findall(rf"^\d\d:\d\d:\d\d ({service}: .*)$", output, re.MULTILINE)


def test_all_services_run_the_image(account):
    """There is one migration, one table with a row for each service, and all run the image."""
    done = account.release()
    assert done.succeeded, done.output
    assert done.output.count("Migrating in task") == 1
    rows = table(done.summary)
    assert names(rows) == list(SERVICES)
    for service, row in zip(SERVICES, rows, strict=True):
        assert f" of {service} started" in done.output
        assert (row["Result"], row["Running"]) == ("deployed", "1 of 1")
        assert row["Image"] == f"`{account.digests['promoted']}`"
        assert re.fullmatch(r"\d+ s", row["Duration"])
        assert account.serving(service) == {account.digests["promoted"]}


def test_progress_is_told_once(account):
    """Each service has lines of its own, and what has not changed since is not told again."""
    account.timelines.deploy(timelines.STUCK, timelines.STUCK)
    done = account.release(DEPLOY_TIMEOUT="4")
    assert "the rollout of web worker did not end within 4 seconds" in done.summary
    looks = account.cloud.recording.actions("staging-release").count("ecs:DescribeServices")
    told = [progress(done.output, service) for service in SERVICES]
    for service, lines in zip(SERVICES, told, strict=True):
        assert lines[-1].startswith(f"{service}: IN_PROGRESS, 0 running, 1 pending, 1 desired")
        assert all(one != later for one, later in itertools.pairwise(lines))
        assert len(lines) < looks


@pytest.mark.parametrize(
    ("stories", "ends"),
    [
        (
            (timelines.SUCCEEDS, timelines.CRASH_LOOP),
            ("deployed, sent back", "failed, ECS goes back"),
        ),
        (
            (timelines.CRASH_LOOP, timelines.SLOW),
            ("failed, ECS goes back", "in progress, sent back"),
        ),
    ],
    ids=["worker", "web"],
)
def test_all_go_back_when_one_fails(account, stories, ends):
    """Whichever crashes, that one is named and explained, and the table tells of both."""
    account.timelines.deploy(*stories)
    both(*STEP_BY_STEP)(account)
    done = account.release()
    assert not done.succeeded
    rows = table(done.summary)
    assert tuple(row["Result"] for row in rows) == ends
    assert {row["Image"] for row in rows} == {f"`{account.digests['before']}`"}
    for service, end in zip(SERVICES, ends, strict=True):
        told = [
            f"**Release to staging failed:** the deployment of {service} failed: ECS",
            f"Events of the service {service}:",
        ]
        assert [words in done.summary for words in told] == [end.startswith("failed")] * 2
        assert account.serving(service) == {account.digests["before"]}


def test_refused_service_was_not_deployed(account):
    """A service that ECS refuses has failed, and needs no way back."""
    account.faults.fail("ecs", "UpdateService", DENIED, skip=1)
    done = account.release()
    assert [row["Result"] for row in table(done.summary)] == ["in progress, sent back", "failed"]


def test_service_that_is_not_there_is_refused(account):
    """A name among several that no service has is told before anything changes."""
    done = account.release(SERVICE_NAME="web nobody")
    assert not done.succeeded
    assert "there is no active service nobody in" in done.summary
    assert "Nothing was changed." in done.summary
    assert "| Service |" not in done.summary


def test_worker_that_stops_late_is_killed(bare):
    """A worker that does not hear SIGTERM goes after its StopTimeout, and the release is true."""
    bare.add_worker(timelines.STUBBORN)
    done = bare.release()
    assert done.succeeded, done.output
    where = {"cluster": bare.service["cluster"], "desiredStatus": "STOPPED"}
    stopped = bare.ecs.call("ListTasks", {**where, "serviceName": WORKER})["taskArns"]
    (task,) = bare.ecs.call("DescribeTasks", {**where, "tasks": stopped})["tasks"]
    assert task["containers"][0]["exitCode"] == 137
    assert (task["stoppedAt"] - task["stoppingAt"]).total_seconds() == 120
    assert bare.serving(WORKER) == {bare.digests["promoted"]}


@pytest.mark.parametrize("checked", exhaustive.rows([True, False], False))
def test_worker_has_to_stay(bare, checked):
    """One that ends after its deployment is completed fails the release, and all go back.

    ECS calls that completed as soon as the worker runs, or passes the check of its container.
    """
    bare.add_worker(checked=checked)
    dies = (*timelines.SERVES, (41, LOG, timelines.BOOT_ERROR), (80, STOPPED, timelines.CRASHED))
    bare.timelines.deploy(timelines.SUCCEEDS, timelines.Timeline((dies,)))
    done = bare.release(DEPLOY_TIMEOUT="6")
    assert not done.succeeded
    assert "worker: COMPLETED" in done.output
    assert "the deployment of worker completed, but its tasks did not stay" in done.summary
    assert "SECRET_KEY must be set" in done.summary
    for service in SERVICES:
        assert bare.serving(service) == {bare.digests["before"]}


def test_worker_that_nobody_checks_and_that_stays(bare):
    """Where it stays, the release is made."""
    bare.add_worker(checked=False)
    done = bare.release()
    assert done.succeeded, done.output
    assert bare.serving(WORKER) == {bare.digests["promoted"]}
