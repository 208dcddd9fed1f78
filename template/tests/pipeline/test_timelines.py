"""The timelines of deployments that succeed, and of those that neither succeed nor crash."""

import re

import pytest

from template.rehearsal.ecs.launching import HEALTHY, RUNNING, STOPPED
from template.rehearsal.ecs.timelines import (
    ALARMED,
    CRASH_LOOP,
    CRASHED,
    DELETED,
    NO_CAPACITY,
    RECOVERS,
    REPLACED,
    SERVES,
    SLOW,
    STUCK,
    SUCCEEDS,
    Timeline,
)
from template.tests.pipeline.stages import NEW, OLD, Stage, changed, stack


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def test_success_step_by_step(stage):
    """A deployment starts its task, replaces the old one when it is healthy, and completes."""
    deployment = stage.story(SUCCEEDS, 0)
    old, new = stage.service()["deployments"][1], stage.deployment(deployment)
    assert new["rolloutStateReason"] == f"ECS deployment {deployment} in progress."
    assert (new["status"], new["pendingCount"], new["runningCount"]) == ("PRIMARY", 1, 0)
    assert (old["status"], old["rolloutState"], old["runningCount"]) == ("ACTIVE", "COMPLETED", 1)
    stage.clock.advance(25)
    new = stage.deployment(deployment)
    assert (new["pendingCount"], new["runningCount"]) == (0, 1)
    assert stage.served() == [OLD]
    stage.clock.advance(20)
    assert stage.served() == [NEW]
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    stage.clock.advance(30)
    (only,) = stage.service()["deployments"]
    assert (only["id"], only["rolloutState"]) == (deployment, "COMPLETED")
    assert only["rolloutStateReason"] == f"ECS deployment {deployment} completed."


def test_events_of_a_success(stage):
    """The events tell of the new task, the old one and the end, in this order."""
    before = len(stage.events())
    deployment = stage.story(SUCCEEDS, 75)
    new, old = (
        stage.tasks(serviceName="web", desiredStatus=each)[0]["taskArn"][-32:]
        for each in ("RUNNING", "STOPPED")
    )
    group = "(target-group django-crud-app-staging-TargetGroup)"
    assert stage.events()[before:] == [
        f"has started 1 tasks: (task {new}).",
        f"registered 1 targets in {group}",
        f"deregistered 1 targets in {group}",
        "has begun draining connections on 1 tasks.",
        f"has stopped 1 running tasks: (task {old}).",
        f"(deployment {deployment}) deployment completed.",
        "has reached a steady state.",
    ]


def test_slow(stage):
    """A slow deployment is in progress for minutes, and completes."""
    deployment = stage.story(SLOW, 290)
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    stage.clock.advance(60)
    assert stage.deployment(deployment)["rolloutState"] == "COMPLETED"


def test_recovers(stage):
    """A deployment survives one crash, which its count of failures forgets when it is healthy."""
    deployment = stage.story(RECOVERS, 30)
    assert stage.deployment(deployment)["failedTasks"] == 1
    stage.clock.advance(100)
    ended = stage.deployment(deployment)
    assert (ended["rolloutState"], ended["failedTasks"]) == ("COMPLETED", 0)


def test_task_that_dies_after_the_deployment(stage):
    """A task that dies later is replaced by the same image, and fails no deployment."""
    dies_later = ((20, RUNNING), (40, HEALTHY), (200, STOPPED, CRASHED))
    deployment = stage.story(Timeline((dies_later, SERVES)), 210)
    assert stage.served() == []
    stage.clock.advance(40)
    assert stage.served() == [NEW]
    ended = stage.deployment(deployment)
    assert (ended["rolloutState"], ended["failedTasks"]) == ("COMPLETED", 0)


def test_no_tasks_wanted():
    """With a desired count of 0 a deployment completes without a task."""
    stage = Stage(declared=stack(0))
    deployment = stage.story(CRASH_LOOP, 1)
    assert stage.deployment(deployment)["rolloutState"] == "COMPLETED"
    assert stage.service()["runningCount"] == 0
    assert stage.tasks(desiredStatus="STOPPED") == []


def test_stuck(stage):
    """Without capacity the deployment is in progress for ever, and an event says why."""
    deployment = stage.story(STUCK, 7200)
    stuck = stage.deployment(deployment)
    assert (stuck["rolloutState"], stuck["pendingCount"]) == ("IN_PROGRESS", 1)
    assert stage.events()[-1] == f"was unable to place a task. Reason: {NO_CAPACITY}"
    assert stage.served() == [OLD]


def test_alarmed(stage):
    """An alarm during the bake time rolls back, though every task was healthy."""
    deployment = stage.story(ALARMED, 80)
    assert stage.served() == [NEW]
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    stage.clock.advance(11)
    back, failed = stage.service()["deployments"]
    assert "rolling back to deploymentId ecs-svc/" in back["rolloutStateReason"]
    assert failed["rolloutState"] == "FAILED"
    assert f"(deployment {deployment}) deployment failed: alarm detected." in stage.events()
    stage.clock.advance(80)
    assert stage.served() == [OLD]
    (only,) = stage.service()["deployments"]
    assert (only["id"], only["rolloutState"]) == (back["id"], "COMPLETED")


def test_alarm_of_a_service_without_alarms():
    """A service that watches no alarms completes."""
    rules = {"MaximumPercent": "200", "MinimumHealthyPercent": "100"}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}))
    deployment = stage.story(ALARMED, 300)
    assert stage.deployment(deployment)["rolloutState"] == "COMPLETED"


def test_replaced(stage):
    """Somebody else's deployment takes over, and the first one is gone."""
    deployment = stage.story(REPLACED, 61)
    assert stage.deployment(deployment) is None
    other = stage.service()["deployments"][0]
    assert other["rolloutStateReason"] == f"ECS deployment {other['id']} in progress."
    stage.clock.advance(80)
    assert stage.deployment(other["id"])["rolloutState"] == "COMPLETED"


def test_deleted(stage):
    """The service drains when somebody deletes it, and is inactive in the end."""
    stage.story(DELETED, 61)
    assert stage.service()["status"] == "DRAINING"
    assert stage.served() == []
    stage.clock.advance(40)
    service = stage.service()
    assert (service["status"], service["deployments"], service["runningCount"]) == (
        "INACTIVE",
        [],
        0,
    )


def test_timelines_follow_each_other(stage):
    """Each deployment takes the next timeline, which a rollback leaves; without one it succeeds."""
    stage.launcher.deploy(CRASH_LOOP, CRASH_LOOP)
    ends = []
    for _ in range(3):
        deployment = stage.deploy()
        stage.clock.advance(80)
        ends.append(stage.deployment(deployment)["rolloutState"])
        stage.clock.advance(80)
    assert ends == ["FAILED", "FAILED", "COMPLETED"]


def test_late_look_tells_the_same():
    """One look after a long time finds the events of many looks, with their times."""
    told = []
    for step in (1, 300):
        stage = Stage(declared=stack(3))
        began = stage.clock.now()
        stage.story(CRASH_LOOP, 0)
        for _ in range(300 // step):
            stage.clock.advance(step)
            stage.service()
        told.append([anonymous(event, began) for event in stage.service()["events"]])
    assert told[0] == told[1]


def anonymous(event, began):
    """When an event was, to the second, and what it says without ids."""
    seconds = round(event["createdAt"].timestamp() - began)
    return seconds, re.sub(r"[0-9a-f]{19,}", "ID", event["message"])
