"""The timelines of deployments that the circuit breaker ends."""

import pytest

from template.rehearsal.ecs.services import Service
from template.rehearsal.ecs.timelines import (
    CRASH_LOOP,
    MEMORY_CRASH_LOOP,
    SUCCEEDS,
    UNHEALTHY_LOOP,
    UNPULLABLE,
    WITHOUT_SECRETS,
)
from template.tests.pipeline.stages import NEW, OLD, Stage, changed, stack

BREAKER_TRIPPED = "ECS deployment circuit breaker: tasks failed to start."


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def test_crash_loop_is_rolled_back(stage):
    """After three crashes a new deployment goes back to the last completed one's image."""
    (completed,) = stage.service()["deployments"]
    deployment = stage.story(CRASH_LOOP, 80)
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
    stage.story(CRASH_LOOP, 0)
    seen = []
    for _ in range(30):
        stage.clock.advance(5)
        seen.append(stage.served())
    assert seen == [[OLD]] * 30


def test_events_of_a_crash_loop(stage):
    """The events tell of three starts, the failure, the rollback and its end."""
    before = len(stage.events())
    (completed,) = stage.service()["deployments"]
    deployment = stage.story(CRASH_LOOP, 140)
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
    deployment = stage.story(CRASH_LOOP, 80)
    tasks = stage.lost(deployment)
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
    assert len(fresh.lost(deployment)) == 3
    assert not any("rolling back" in event for event in fresh.events())


def test_crash_loop_without_a_circuit_breaker():
    """Without the breaker ECS tries on for ever, and says so once."""
    rules = {"DeploymentCircuitBreaker": {"Enable": "false", "Rollback": "false"}}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}))
    deployment = stage.story(CRASH_LOOP, 24 * 20)
    assert stage.deployment(deployment)["rolloutState"] == "IN_PROGRESS"
    assert stage.deployment(deployment)["failedTasks"] == 20
    assert stage.events().count("is unable to consistently start tasks successfully.") == 1


def test_crash_loop_without_rollback():
    """A breaker that does not roll back leaves the failed deployment in charge."""
    rules = {"DeploymentCircuitBreaker": {"Enable": "true", "Rollback": "false"}}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}))
    deployment = stage.story(CRASH_LOOP, 600)
    assert stage.deployment(deployment)["rolloutState"] == "FAILED"
    assert stage.served() == [OLD]


@pytest.mark.parametrize(("desired", "failures"), [(1, 3), (6, 3), (7, 4), (20, 10)])
def test_failures_that_trip_the_circuit_breaker(desired, failures):
    """The breaker trips after failures of half the desired count, but not before the third."""
    stage = Stage(declared=stack(desired))
    deployment = stage.story(CRASH_LOOP, 75)
    failed = stage.deployment(deployment)
    assert (failed["rolloutState"], failed["failedTasks"]) == ("FAILED", failures)


def test_most_failures_that_the_circuit_breaker_waits_for():
    """The breaker trips after 200 failures at the latest."""
    rules = {"deploymentCircuitBreaker": {"enable": True}}
    settings = {"desiredCount": 1000, "deploymentConfiguration": rules}
    assert Service("arn", settings, 0).breaker_threshold == 200


def test_memory_crash_loop(stage):
    """A container that takes too much memory is killed: 137, with the reason."""
    deployment = stage.story(MEMORY_CRASH_LOOP, 110)
    container = stage.lost(deployment)[0]["containers"][0]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert stage.deployment(deployment)["rolloutStateReason"] == BREAKER_TRIPPED


def test_unhealthy_loop(stage):
    """Tasks that fail the load balancer's checks are stopped by ECS, and trip the breaker."""
    deployment = stage.story(UNHEALTHY_LOOP, 370)
    assert stage.deployment(deployment)["rolloutStateReason"] == BREAKER_TRIPPED
    task = stage.lost(deployment)[0]
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
    deployment = stage.story(UNPULLABLE, 100)
    task = stage.lost(deployment)[0]
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
    reason = stage.lost(deployment)[0]["stoppedReason"]
    assert reason.endswith(f"{stage.service_image}: not found")


def test_without_secrets(stage):
    """A task whose secrets cannot be read ends before its container starts."""
    deployment = stage.story(WITHOUT_SECRETS, 100)
    task = stage.lost(deployment)[0]
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets")
    assert "reason" not in task["containers"][0]
