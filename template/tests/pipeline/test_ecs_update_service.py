"""What UpdateService changes, and what it refuses."""

import pytest

from template.rehearsal.ecs.timelines import DELETED
from template.tests.pipeline.stages import (
    CLUSTER,
    CLUSTER_ARN,
    NEW,
    OLD,
    Stage,
    changed,
    refused,
    stack,
)


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def test_moving_the_tag_deploys_nothing(stage):
    """The digest of a deployment is pinned: later tasks run it, whatever the tag names then."""
    stage.tag = NEW
    (task,) = stage.tasks()
    stage.call("StopTask", task=task["taskArn"])
    stage.clock.advance(90)
    (replacement,) = stage.tasks()
    assert replacement["taskArn"] != task["taskArn"]
    assert replacement["containers"][0]["imageDigest"] == OLD


def test_update_without_a_change_deploys_nothing(stage):
    """Only a forced deployment or another task definition makes a deployment."""
    before = stage.service()["deployments"]
    stage.call("UpdateService", service="web", taskDefinition=CLUSTER)
    assert stage.service()["deployments"] == before


def test_update_with_another_task_definition(stage):
    """Another revision is deployed without force."""
    properties = stack().resources["TaskDefinition"].properties
    stage.ecs.definitions.register(properties, "eu-central-1")
    answer = stage.call("UpdateService", service="web", taskDefinition=CLUSTER)
    first = answer["service"]["deployments"][0]
    assert first["status"] == "PRIMARY"
    assert first["taskDefinition"].endswith(f"/{CLUSTER}:2")
    assert answer["service"]["taskDefinition"] == first["taskDefinition"]


def test_scaling(stage):
    """The desired count starts and stops tasks without a new deployment."""
    (only,) = stage.service()["deployments"]
    counts = []
    for desired in (3, 1):
        stage.call("UpdateService", service="web", desiredCount=desired)
        stage.clock.advance(60)
        service = stage.service()
        counts.append((service["desiredCount"], service["runningCount"]))
        assert [each["id"] for each in service["deployments"]] == [only["id"]]
    assert counts == [(3, 3), (1, 1)]


@pytest.mark.parametrize(("fewest", "most", "healthy", "live"), [(100, 150, 4, 6), (50, 100, 2, 4)])
def test_deployment_keeps_to_its_percentages(fewest, most, healthy, live):
    """A deployment keeps the fewest tasks healthy, and starts no more than the most."""
    rules = {"MinimumHealthyPercent": str(fewest), "MaximumPercent": str(most)}
    stage = Stage(declared=changed("Service", {"DeploymentConfiguration": rules}, stack(4)))
    stage.tag = NEW
    stage.deploy()
    seen = []
    for _ in range(40):
        stage.clock.advance(5)
        seen.append((len(stage.ecs.serving(CLUSTER_ARN, "web")), len(stage.tasks())))
    assert min(count for count, _ in seen) == healthy
    assert max(count for _, count in seen) == live
    assert [each["containers"][0]["imageDigest"] for each in stage.tasks()] == [NEW] * 4


def test_update_of_a_deleted_service(stage):
    """A service that drains cannot be updated."""
    stage.launcher.deploy(DELETED)
    stage.deploy()
    stage.clock.advance(61)
    refusal = refused(stage, "UpdateService", service="web", forceNewDeployment=True)
    assert refusal == ("ServiceNotActiveException", "Service was not ACTIVE.")


def test_update_to_an_unknown_task_definition(stage):
    """A service cannot be pointed at a task definition that does not exist."""
    refusal = refused(stage, "UpdateService", service="web", taskDefinition="other")
    assert refusal == ("ClientException", "TaskDefinition not found.")


def test_update_that_is_not_played(stage):
    """What the double does not play is refused, not ignored."""
    code, message = refused(stage, "UpdateService", service="web", enableExecuteCommand=True)
    assert code == "UnsupportedFeatureException"
    assert message == "The rehearsal's UpdateService does not play enableExecuteCommand."
