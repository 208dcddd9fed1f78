"""The lives of tasks that RunTask starts."""

import pytest

from template.rehearsal.ecs.launching import UNPLACED, Order
from template.rehearsal.ecs.playback import Playback
from template.rehearsal.ecs.timelines import (
    CANNOT_BE_PLACED,
    CANNOT_BE_PULLED,
    GETS_NO_SECRETS,
    MIGRATES,
    MIGRATION_FAILS,
    MIGRATION_HANGS,
    MIGRATION_IS_KILLED,
    MIGRATION_NEVER_STARTS,
    NO_CPU,
    NO_FARGATE,
)
from template.tests.pipeline.stages import Stage


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def end(stage, life, seconds=60):
    """Run a task through a life; what DescribeTasks says of it."""
    stage.launcher.run_task(life)
    (task,) = stage.run_task()["tasks"]
    stage.clock.advance(seconds)
    return stage.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]


@pytest.mark.parametrize(
    ("life", "exit_code", "last_words"),
    [
        (MIGRATES, 0, "  Applying itemslist.0001_initial... OK"),
        (MIGRATION_FAILS, 1, 'django.db.utils.ProgrammingError: column "title" already exists'),
        (MIGRATION_IS_KILLED, 137, "Operations to perform:"),
    ],
)
def test_task_that_ran(stage, life, exit_code, last_words):
    """A task that ran has an exit code and a log."""
    task = end(stage, life)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert task["containers"][0]["exitCode"] == exit_code
    stream = f"web/web/{task['taskArn'][-32:]}"
    events = stage.read("GetLogEvents", logStreamName=stream)["events"]
    assert events[-1]["message"] == last_words


@pytest.mark.parametrize(
    ("life", "reason"),
    [
        (CANNOT_BE_PULLED, "CannotPullContainerError"),
        (GETS_NO_SECRETS, "ResourceInitializationError"),
    ],
)
def test_task_that_never_ran(stage, life, reason):
    """A task that could not start has a reason, and no exit code."""
    task = end(stage, life)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"].startswith(reason)
    assert "exitCode" not in task["containers"][0]


@pytest.mark.parametrize(
    ("life", "status"),
    [
        (MIGRATION_HANGS, "RUNNING"),
        (MIGRATION_NEVER_STARTS, "PENDING"),
        (CANNOT_BE_PLACED, "PROVISIONING"),
    ],
)
def test_task_without_end(stage, life, status):
    """A task that hangs stays as it is until somebody stops it."""
    assert end(stage, life, 7200)["lastStatus"] == status


@pytest.mark.parametrize("refusal", [NO_CPU, NO_FARGATE])
def test_task_that_is_refused(stage, refusal):
    """Without capacity RunTask starts nothing and says why."""
    stage.launcher.run_task(refusal)
    answer = stage.run_task()
    assert answer == {"tasks": [], "failures": [{"reason": refusal.reason}]}


def test_playback_of_a_task_that_is_not_placed():
    """A task that finds no place tells so once, and writes nothing."""
    order = Order(100, "1", "family:app", "app@sha256:1", {}, {})
    run = Playback(((2, UNPLACED, "no room"),), order)
    assert run.next(101) is None
    assert run.next(102).why == "no room"
    run.take()
    assert run.next(10_000) is None
    assert run.log(10_000) is None
