"""The operations of ECS on tasks."""

import pytest

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.ecs.timelines import CRASH_LOOP, MIGRATION_HANGS
from template.tests.pipeline.stages import CLUSTER, CLUSTER_ARN, NETWORK, NEW, Stage, refused

TASK = "0" * 32


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def test_run_task(stage):
    """A task has its overrides, its starter and the digest that the tag names now."""
    stage.tag = NEW
    command = [{"name": "web", "command": ["migrate"]}]
    answer = stage.run_task(overrides={"containerOverrides": command}, startedBy="release")
    (started,) = answer["tasks"]
    assert (started["lastStatus"], started["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    assert "imageDigest" not in started["containers"][0]
    stage.clock.advance(21)
    (task,) = stage.tasks(startedBy="release")
    assert task["lastStatus"] == "RUNNING"
    assert task["overrides"] == {"containerOverrides": command}
    assert (task["group"], task["launchType"]) == (f"family:{CLUSTER}", "FARGATE")
    assert task["containers"][0]["imageDigest"] == NEW
    assert task["attachments"][0]["details"] == [{"name": "subnetId", "value": "subnet-1"}]
    assert answer["failures"] == []


def test_run_several_tasks(stage):
    """As many tasks are started as were asked for."""
    assert len(stage.run_task(count=3)["tasks"]) == 3


def test_repeated_request_runs_once(stage):
    """A request that is sent again with its token starts nothing more."""
    first, again = (stage.run_task(clientToken="1") for _ in range(2))
    assert first == again
    assert len(stage.tasks(family=CLUSTER)) == 2


def test_token_of_another_request(stage):
    """A token cannot be used for something else."""
    stage.run_task(clientToken="1")
    with pytest.raises(AwsError, match="already in use") as refusal:
        stage.run_task(clientToken="1", count=2)
    assert refusal.value.code == "ConflictException"


def test_run_task_of_a_missing_tag(stage):
    """A task whose tag does not exist ends without an exit code."""
    stage.tag = None
    (task,) = stage.run_task()["tasks"]
    stage.clock.advance(60)
    (ended,) = stage.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"]
    assert ended["stoppedReason"].startswith("CannotPullContainerError")
    assert "exitCode" not in ended["containers"][0]


def test_overridden_environment(stage):
    """Overrides replace variables of the same name and add others."""
    override = {
        "name": "web",
        "environment": [{"name": "PGPORT", "value": "1"}, {"name": "EXTRA", "value": "2"}],
    }
    (task,) = stage.run_task(overrides={"containerOverrides": [override]})["tasks"]
    container = stage.launcher.orders[task["taskArn"][-32:]].container
    environment = {each["name"]: each["value"] for each in container["environment"]}
    assert len(environment) == len(container["environment"])
    assert (environment["PGPORT"], environment["EXTRA"]) == ("1", "2")
    assert environment["PGDATABASE"] == "app"


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        (
            {"taskDefinition": "other"},
            ("ClientException", "TaskDefinition not found."),
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "app"}]}},
            (
                "InvalidParameterException",
                "Override for container named app is not a container in the TaskDefinition.",
            ),
        ),
        (
            {"launchType": "EC2"},
            ("InvalidParameterException", "No Container Instances were found in your cluster."),
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            (
                "InvalidParameterException",
                "Specifying both a launch type and capacity provider strategy is not supported."
                " Remove one and try again.",
            ),
        ),
        (
            {"referenceId": "1"},
            (
                "UnsupportedFeatureException",
                "The rehearsal's RunTask does not play referenceId.",
            ),
        ),
    ],
)
def test_run_task_refusals(stage, params, refusal):
    """RunTask refuses what cannot run, in the words of AWS."""
    with pytest.raises(AwsError) as caught:
        stage.run_task(**params)
    assert (caught.value.code, caught.value.message) == refusal


def test_run_task_without_a_launch_type(stage):
    """Without a launch type ECS looks for instances, which a Fargate cluster has not."""
    params = {"taskDefinition": CLUSTER, "networkConfiguration": NETWORK}
    refusal = refused(stage, "RunTask", **params)
    assert refusal[1] == "No Container Instances were found in your cluster."


def test_run_task_without_a_network(stage):
    """A Fargate task needs subnets."""
    code, message = refused(stage, "RunTask", taskDefinition=CLUSTER, launchType="FARGATE")
    assert code == "InvalidParameterException"
    assert message.startswith("Network Configuration must be provided")


def test_run_task_with_a_capacity_provider(stage):
    """A capacity provider does instead of a launch type."""
    strategy = [{"capacityProvider": "FARGATE_SPOT"}]
    answer = stage.call(
        "RunTask",
        taskDefinition=CLUSTER,
        networkConfiguration=NETWORK,
        capacityProviderStrategy=strategy,
    )
    assert "launchType" not in answer["tasks"][0]


def test_unknown_task_is_missing(stage):
    """DescribeTasks lists what it does not find."""
    arn = f"{CLUSTER_ARN.replace(':cluster/', ':task/')}/{TASK}"
    answer = stage.call("DescribeTasks", tasks=[TASK])
    assert answer == {"tasks": [], "failures": [{"arn": arn, "reason": "MISSING"}]}


@pytest.mark.parametrize(
    "filters", [{"desiredStatus": "STOPPED"}, {"serviceName": "web"}, {"family": CLUSTER}]
)
def test_tasks_of_a_starter_are_listed_by_nothing_else(stage, filters):
    """ECS takes no other filter beside startedBy."""
    code, message = refused(stage, "ListTasks", startedBy="release", **filters)
    assert code == "InvalidParameterException"
    assert "only filter" in message


def test_described_tasks_are_a_hundred_at_most(stage):
    """A list of 101 tasks is refused, whichever they are."""
    code, message = refused(stage, "DescribeTasks", tasks=[TASK] * 101)
    assert code == "InvalidParameterException"
    assert message == "Tasks cannot have more than 100 entries."


def test_listed_tasks(stage):
    """Filters select tasks; those that stopped are listed only when one asks for them."""
    stage.launcher.run_task(MIGRATION_HANGS)
    (started,) = stage.run_task(startedBy="release")["tasks"]
    stage.launcher.deploy(CRASH_LOOP)
    deployment = stage.deploy()
    stage.clock.advance(100)
    assert len(stage.tasks()) == 2
    assert [each["taskArn"] for each in stage.tasks(startedBy="release")] == [started["taskArn"]]
    assert len(stage.tasks(serviceName="web")) == 1
    assert len(stage.lost(deployment)) == 3
    assert len(stage.tasks(family=CLUSTER)) == 2
    assert stage.tasks(family="other") == []
    assert stage.tasks(launchType="EC2") == []


def test_list_in_pages(stage):
    """A page ends with the token of the next one, the last page without."""
    stage.run_task(count=4)
    first = stage.call("ListTasks", maxResults=3)
    second = stage.call("ListTasks", maxResults=3, nextToken=first["nextToken"])
    assert len(set(first["taskArns"] + second["taskArns"])) == 5
    assert "nextToken" not in second


def test_stop_a_running_task(stage):
    """A task that is stopped gets SIGTERM and time, and keeps the given reason."""
    stage.launcher.run_task(MIGRATION_HANGS)
    (started,) = stage.run_task()["tasks"]
    stage.clock.advance(25)
    stopping = stage.call("StopTask", task=started["taskArn"], reason="Too slow")["task"]
    assert (stopping["lastStatus"], stopping["desiredStatus"]) == ("DEACTIVATING", "STOPPED")
    assert stopping["containers"][0]["lastStatus"] == "RUNNING"
    stage.clock.advance(31)
    (stopped,) = stage.call("DescribeTasks", tasks=[started["taskArn"]])["tasks"]
    assert stopped["lastStatus"] == "STOPPED"
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "Too slow")
    assert stopped["containers"][0]["exitCode"] == 0


def test_stop_a_task_that_has_not_started(stage):
    """A task that never ran is stopped at once, without an exit code."""
    (started,) = stage.run_task()["tasks"]
    stage.call("StopTask", task=started["taskArn"])
    (stopped,) = stage.call("DescribeTasks", tasks=[started["taskArn"]])["tasks"]
    assert (stopped["lastStatus"], stopped["stoppedReason"]) == ("STOPPED", "Task stopped by user")
    assert "exitCode" not in stopped["containers"][0]


def test_stop_a_task_that_has_ended(stage):
    """Stopping a task that is over changes nothing."""
    (started,) = stage.run_task()["tasks"]
    stage.clock.advance(60)
    answer = stage.call("StopTask", task=started["taskArn"], reason="Too late")
    assert answer["task"]["stopCode"] == "EssentialContainerExited"


def test_stop_an_unknown_task(stage):
    """A task that does not exist cannot be stopped."""
    refusal = refused(stage, "StopTask", task=TASK)
    assert refusal == ("InvalidParameterException", "The referenced task was not found.")
