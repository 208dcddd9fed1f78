"""Every timeline, lived through by the template's service."""

import re

import pytest

from rehearsal.ecs_launch import HEALTHY, RUNNING, STOPPED, UNPLACED, Order
from rehearsal.ecs_services import Service
from rehearsal.timelines import (
    ALARMED,
    CANNOT_BE_PLACED,
    CANNOT_BE_PULLED,
    CRASH_LOOP,
    CRASHED,
    DELETED,
    GETS_NO_SECRETS,
    MEMORY_CRASH_LOOP,
    MIGRATES,
    MIGRATION_FAILS,
    MIGRATION_HANGS,
    MIGRATION_IS_KILLED,
    MIGRATION_NEVER_STARTS,
    NO_CAPACITY,
    NO_CPU,
    NO_FARGATE,
    RECOVERS,
    REPLACED,
    SERVES,
    SLOW,
    STUCK,
    SUCCEEDS,
    UNHEALTHY_LOOP,
    UNPULLABLE,
    WITHOUT_SECRETS,
    Playback,
    Timeline,
)
from tests.pipeline.stages import NEW, OLD, Stage, changed, stack

BREAKER_TRIPPED = "ECS deployment circuit breaker: tasks failed to start."


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def story(stage, timeline, seconds):
    """Deploy a new image in the way of the timeline, and let so many seconds pass."""
    stage.launcher.deploy(timeline)
    stage.tag = NEW
    deployment = stage.deploy()
    stage.clock.advance(seconds)
    return deployment


def served(stage):
    """The digests of the healthy tasks."""
    cluster = stage.service()["clusterArn"]
    return [task.digest for task in stage.ecs.serving(cluster, "web")]


def stopped(stage, deployment):
    """The tasks that the deployment has lost."""
    return [
        task
        for task in stage.tasks(serviceName="web", desiredStatus="STOPPED")
        if task["startedBy"] == deployment
    ]


# ---- Deployments that succeed ----


def test_success_step_by_step(stage):
    """A deployment starts its task, replaces the old one when it is healthy, and completes."""
    deployment = story(stage, SUCCEEDS, 0)
    old, new = stage.service()["deployments"][1], stage.deployment(deployment)
    assert new["rolloutStateReason"] == f"ECS deployment {deployment} in progress."
    assert (new["status"], new["pendingCount"], new["runningCount"]) == ("PRIMARY", 1, 0)
    assert (old["status"], old["rolloutState"], old["runningCount"]) == ("ACTIVE", "COMPLETED", 1)
    stage.clock.advance(25)
    new = stage.deployment(deployment)
    assert (new["pendingCount"], new["runningCount"]) == (0, 1)
    assert served(stage) == [OLD]
    stage.clock.advance(20)
    assert served(stage) == [NEW]
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    stage.clock.advance(30)
    (only,) = stage.service()["deployments"]
    assert (only["id"], only["rolloutState"]) == (deployment, "COMPLETED")
    assert only["rolloutStateReason"] == f"ECS deployment {deployment} completed."


def test_events_of_a_success(stage):
    """The events tell of the new task, the old one and the end, in this order."""
    before = len(stage.events())
    deployment = story(stage, SUCCEEDS, 75)
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
    deployment = story(stage, SLOW, 290)
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    stage.clock.advance(60)
    assert stage.deployment(deployment)["rolloutState"] == "COMPLETED"


def test_recovers(stage):
    """A deployment survives one crash, which its count of failures forgets when it is healthy."""
    deployment = story(stage, RECOVERS, 30)
    assert stage.deployment(deployment)["failedTasks"] == 1
    stage.clock.advance(100)
    ended = stage.deployment(deployment)
    assert (ended["rolloutState"], ended["failedTasks"]) == ("COMPLETED", 0)


def test_task_that_dies_after_the_deployment(stage):
    """A task that dies later is replaced by the same image, and fails no deployment."""
    dies_later = ((20, RUNNING), (40, HEALTHY), (200, STOPPED, CRASHED))
    deployment = story(stage, Timeline((dies_later, SERVES)), 210)
    assert served(stage) == []
    stage.clock.advance(40)
    assert served(stage) == [NEW]
    ended = stage.deployment(deployment)
    assert (ended["rolloutState"], ended["failedTasks"]) == ("COMPLETED", 0)


def test_no_tasks_wanted():
    """With a desired count of 0 a deployment completes without a task."""
    stage = Stage(declared=stack(0))
    deployment = story(stage, CRASH_LOOP, 1)
    assert stage.deployment(deployment)["rolloutState"] == "COMPLETED"
    assert stage.service()["runningCount"] == 0
    assert stage.tasks(desiredStatus="STOPPED") == []


# ---- Deployments that the circuit breaker ends ----


def test_crash_loop_is_rolled_back(stage):
    """After three crashes a new deployment goes back to the last completed one's image."""
    (completed,) = stage.service()["deployments"]
    deployment = story(stage, CRASH_LOOP, 80)
    back, failed = stage.service()["deployments"]
    assert back["status"] == "PRIMARY"
    assert back["id"] not in (deployment, completed["id"])
    assert back["rolloutState"] == "IN_PROGRESS"
    assert back["rolloutStateReason"] == (
        f"ECS deployment circuit breaker: rolling back to deploymentId {completed['id']}."
    )
    assert (failed["id"], failed["status"], failed["rolloutState"]) == (
        deployment,
        "ACTIVE",
        "FAILED",
    )
    assert (failed["failedTasks"], failed["rolloutStateReason"]) == (3, BREAKER_TRIPPED)
    stage.clock.advance(60)
    (only,) = stage.service()["deployments"]
    assert (only["id"], only["rolloutState"]) == (back["id"], "COMPLETED")
    assert only["rolloutStateReason"] == f"ECS deployment {back['id']} completed."


def test_old_image_serves_throughout_a_crash_loop(stage):
    """The task of the old image is healthy before, during and after the rollback."""
    story(stage, CRASH_LOOP, 0)
    seen = []
    for _ in range(30):
        stage.clock.advance(5)
        seen.append(served(stage))
    assert seen == [[OLD]] * 30


def test_events_of_a_crash_loop(stage):
    """The events tell of three starts, the failure, the rollback and its end."""
    before = len(stage.events())
    (completed,) = stage.service()["deployments"]
    deployment = story(stage, CRASH_LOOP, 140)
    told = stage.events()[before:]
    assert [each.startswith("has started 1 tasks: (task ") for each in told[:3]] == [True] * 3
    assert told[3:] == [
        f"(deployment {deployment}) deployment failed: tasks failed to start.",
        f"rolling back to deployment {completed['id']}.",
        f"(deployment {stage.service()['deployments'][0]['id']}) deployment completed.",
        "has reached a steady state.",
    ]


def test_crashed_tasks_tell_why(stage):
    """A crashed task has its exit code, its reason and its last words."""
    deployment = story(stage, CRASH_LOOP, 80)
    tasks = stopped(stage, deployment)
    assert len(tasks) == 3
    assert tasks[0]["stopCode"] == "EssentialContainerExited"
    assert tasks[0]["stoppedReason"] == "Essential container in task exited"
    assert tasks[0]["containers"][0]["exitCode"] == 1
    assert tasks[0]["containers"][0]["imageDigest"] == NEW
    stream = f"web/web/{tasks[0]['taskArn'][-32:]}"
    lines = [
        event["message"] for event in stage.read("GetLogEvents", logStreamName=stream)["events"]
    ]
    assert lines == [
        "Starting gunicorn",
        "django.core.exceptions.ImproperlyConfigured: SECRET_KEY must be set",
    ]


def test_crash_loop_without_an_earlier_deployment():
    """With nothing to go back to, the failed deployment stays and starts no more tasks."""
    stage = Stage()
    stage.tag = None
    fresh = Stage(resolve=stage.resolve)
    assert fresh.service()["deployments"][0]["rolloutState"] == "FAILED"
    stage.tag = NEW
    fresh.launcher.deploy(CRASH_LOOP)
    deployment = fresh.deploy()
    fresh.clock.advance(600)
    (only,) = fresh.service()["deployments"]
    assert (only["id"], only["status"], only["rolloutState"]) == (deployment, "PRIMARY", "FAILED")
    assert only["rolloutStateReason"] == BREAKER_TRIPPED
    assert len(stopped(fresh, deployment)) == 3
    assert not any("rolling back" in event for event in fresh.events())


def test_crash_loop_without_a_circuit_breaker():
    """Without the breaker ECS tries on for ever, and says so once."""
    rules = {"DeploymentCircuitBreaker": {"Enable": "false", "Rollback": "false"}}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}))
    deployment = story(stage, CRASH_LOOP, 24 * 20)
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    assert stage.deployment(deployment)["failedTasks"] == 20
    assert stage.events().count("is unable to consistently start tasks successfully.") == 1


def test_crash_loop_without_rollback():
    """A breaker that does not roll back leaves the failed deployment in charge."""
    rules = {"DeploymentCircuitBreaker": {"Enable": "true", "Rollback": "false"}}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}))
    deployment = story(stage, CRASH_LOOP, 600)
    assert stage.deployment(deployment)["rolloutState"] == "FAILED"
    assert served(stage) == [OLD]


@pytest.mark.parametrize(("desired", "failures"), [(1, 3), (6, 3), (7, 4), (20, 10)])
def test_failures_that_trip_the_circuit_breaker(desired, failures):
    """The breaker trips after failures of half the desired count, but not before the third."""
    stage = Stage(declared=stack(desired))
    deployment = story(stage, CRASH_LOOP, 75)
    failed = stage.deployment(deployment)
    assert (failed["rolloutState"], failed["failedTasks"]) == ("FAILED", failures)


def test_most_failures_that_the_circuit_breaker_waits_for():
    """The breaker trips after 200 failures at the latest."""
    rules = {"deploymentCircuitBreaker": {"enable": True}}
    settings = {"desiredCount": 1000, "deploymentConfiguration": rules}
    assert Service("arn", settings, 0).breaker_threshold == 200


def test_memory_crash_loop(stage):
    """A container that takes too much memory is killed: 137, with the reason."""
    deployment = story(stage, MEMORY_CRASH_LOOP, 110)
    container = stopped(stage, deployment)[0]["containers"][0]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert stage.deployment(deployment)["rolloutStateReason"] == BREAKER_TRIPPED


def test_unhealthy_loop(stage):
    """Tasks that fail the load balancer's checks are stopped by ECS, and trip the breaker."""
    deployment = story(stage, UNHEALTHY_LOOP, 370)
    assert stage.deployment(deployment)["rolloutStateReason"] == BREAKER_TRIPPED
    task = stopped(stage, deployment)[0]
    group = "(target-group django-crud-app-staging-TargetGroup)"
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    assert task["stoppedReason"] == f"Task failed ELB health checks in {group}"
    assert task["containers"][0]["exitCode"] == 0
    unhealthy = (
        f"(task {task['taskArn'][-32:]}) (port 80) is unhealthy in {group}"
        " due to (reason Health checks failed with these codes: [503])."
    )
    assert unhealthy in stage.events()


def test_unpullable(stage):
    """An image that cannot be pulled has no exit code, and trips the breaker."""
    deployment = story(stage, UNPULLABLE, 100)
    task = stopped(stage, deployment)[0]
    image = f"{stage.service_image.partition(':')[0]}@{NEW}"
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest")
    assert image in task["stoppedReason"]
    assert task["containers"][0]["reason"] == task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]
    assert f"was unable to place a task. Reason: {task['stoppedReason']}." in stage.events()
    assert stage.deployment(deployment)["rolloutStateReason"] == BREAKER_TRIPPED


def test_missing_tag_cannot_be_pulled(stage):
    """A tag that does not exist fails the deployment whatever its timeline."""
    stage.tag = None
    stage.launcher.deploy(SUCCEEDS)
    deployment = stage.deploy()
    stage.clock.advance(100)
    assert stage.deployment(deployment)["rolloutStateReason"] == BREAKER_TRIPPED
    reason = stopped(stage, deployment)[0]["stoppedReason"]
    assert reason.endswith(f"{stage.service_image}: not found")


def test_without_secrets(stage):
    """A task whose secrets cannot be read ends before its container starts."""
    deployment = story(stage, WITHOUT_SECRETS, 100)
    task = stopped(stage, deployment)[0]
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets")
    assert "reason" not in task["containers"][0]


# ---- Deployments with other ends ----


def test_stuck(stage):
    """Without capacity the deployment is in progress for ever, and an event says why."""
    deployment = story(stage, STUCK, 7200)
    stuck = stage.deployment(deployment)
    assert (stuck["rolloutState"], stuck["pendingCount"]) == ("IN_PROGRESS", 1)
    assert stage.events()[-1] == f"was unable to place a task. Reason: {NO_CAPACITY}"
    assert served(stage) == [OLD]


def test_alarmed(stage):
    """An alarm during the bake time rolls back, though every task was healthy."""
    deployment = story(stage, ALARMED, 80)
    assert served(stage) == [NEW]
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    stage.clock.advance(11)
    back, failed = stage.service()["deployments"]
    assert "rolling back to deploymentId ecs-svc/" in back["rolloutStateReason"]
    assert failed["rolloutState"] == "FAILED"
    assert f"(deployment {deployment}) deployment failed: alarm detected." in stage.events()
    stage.clock.advance(80)
    assert served(stage) == [OLD]
    (only,) = stage.service()["deployments"]
    assert (only["id"], only["rolloutState"]) == (back["id"], "COMPLETED")


def test_alarm_of_a_service_without_alarms():
    """A service that watches no alarms completes."""
    rules = {"MaximumPercent": "200", "MinimumHealthyPercent": "100"}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}))
    deployment = story(stage, ALARMED, 300)
    assert stage.deployment(deployment)["rolloutState"] == "COMPLETED"


def test_replaced(stage):
    """Somebody else's deployment takes over, and the first one is gone."""
    deployment = story(stage, REPLACED, 61)
    assert stage.deployment(deployment) is None
    other = stage.service()["deployments"][0]
    assert other["rolloutStateReason"] == f"ECS deployment {other['id']} in progress."
    stage.clock.advance(80)
    assert stage.deployment(other["id"])["rolloutState"] == "COMPLETED"


def test_deleted(stage):
    """The service drains when somebody deletes it, and is inactive in the end."""
    story(stage, DELETED, 61)
    assert stage.service()["status"] == "DRAINING"
    assert served(stage) == []
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
        story(stage, CRASH_LOOP, 0)
        for _ in range(300 // step):
            stage.clock.advance(step)
            stage.service()
        told.append([anonymous(event, began) for event in stage.service()["events"]])
    assert told[0] == told[1]


def anonymous(event, began):
    """When an event was, to the second, and what it says without ids."""
    seconds = round(event["createdAt"].timestamp() - began)
    return seconds, re.sub(r"[0-9a-f]{19,}", "ID", event["message"])


# ---- Tasks of RunTask ----


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
