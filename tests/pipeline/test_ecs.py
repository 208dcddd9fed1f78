"""The operations of ECS on the template's stage: answers and refusals."""

import pytest

from rehearsal.ecs_shapes import PropertyError
from rehearsal.errors import AwsError
from rehearsal.sessions import Caller, caller
from rehearsal.timelines import CRASH_LOOP, DELETED, MIGRATION_HANGS, MIGRATION_NEVER_STARTS
from tests.pipeline.stages import (
    CLUSTER,
    CLUSTER_ARN,
    NETWORK,
    NEW,
    OLD,
    Stage,
    changed,
    stack,
)

TASK = "0" * 32
OTHER_CLUSTER = CLUSTER_ARN.replace("staging", "production")


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


def refused(stage, operation, **params):
    """The error that ECS answers with."""
    with pytest.raises(AwsError) as refusal:
        stage.call(operation, **params)
    return refusal.value.code, refusal.value.message


# ---- Clusters and services ----


def test_cluster(stage):
    """A cluster counts its tasks and services."""
    stage.launcher.run_task(MIGRATION_NEVER_STARTS)
    stage.run_task()
    (cluster,) = stage.call("DescribeClusters", clusters=[CLUSTER])["clusters"]
    assert (cluster["clusterArn"], cluster["clusterName"]) == (CLUSTER_ARN, CLUSTER)
    counts = [
        cluster[key] for key in ("runningTasksCount", "pendingTasksCount", "activeServicesCount")
    ]
    assert counts == [1, 1, 1]


def test_unknown_clusters_are_missing(stage):
    """DescribeClusters lists what it does not find, `default` when nothing is named."""
    arn = CLUSTER_ARN.replace(CLUSTER, "default")
    assert stage.call("DescribeClusters") == {
        "clusters": [],
        "failures": [{"arn": arn, "reason": "MISSING"}],
    }


@pytest.mark.parametrize("cluster", [CLUSTER, CLUSTER_ARN])
@pytest.mark.parametrize("service", ["web", CLUSTER_ARN.replace(":cluster/", ":service/") + "/web"])
def test_service_by_name_and_arn(stage, cluster, service):
    """Cluster and service are known by their names and their ARNs."""
    answer = stage.call("DescribeServices", cluster=cluster, services=[service])
    (found,) = answer["services"]
    assert (found["serviceName"], found["status"]) == ("web", "ACTIVE")
    assert found["taskDefinition"].endswith(f":task-definition/{CLUSTER}:1")
    assert found["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True
    assert answer["failures"] == []


def test_unknown_service_is_missing(stage):
    """DescribeServices lists what it does not find."""
    arn = f"{CLUSTER_ARN.replace(':cluster/', ':service/')}/app"
    answer = stage.call("DescribeServices", services=["app"])
    assert answer == {"services": [], "failures": [{"arn": arn, "reason": "MISSING"}]}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("DescribeServices", {"services": ["web"]}),
        ("UpdateService", {"service": "web"}),
        ("RunTask", {"taskDefinition": CLUSTER}),
        ("DescribeTasks", {"tasks": [TASK]}),
        ("ListTasks", {}),
        ("StopTask", {"task": TASK}),
    ],
)
@pytest.mark.parametrize("cluster", ["nowhere", OTHER_CLUSTER])
def test_unknown_cluster(stage, operation, params, cluster):
    """Every operation refuses a cluster that does not exist."""
    refusal = refused(stage, operation, **params, cluster=cluster)
    assert refusal == ("ClusterNotFoundException", "Cluster not found.")


def test_cluster_of_another_region(stage, session):
    """A call to another region does not see the cluster, even by its ARN."""
    token = caller.set(Caller(session, "eu-west-1"))
    try:
        refusal = refused(stage, "DescribeServices", cluster=CLUSTER_ARN, services=["web"])
    finally:
        caller.reset(token)
    assert refusal[0] == "ClusterNotFoundException"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("UpdateService", {"service": "app"}),
        ("ListTasks", {"serviceName": "app"}),
    ],
)
def test_unknown_service(stage, operation, params):
    """A service that does not exist cannot be updated, nor its tasks listed."""
    assert refused(stage, operation, **params) == ("ServiceNotFoundException", "Service not found.")


def test_service_of_another_cluster(stage):
    """A service's ARN has to be of the cluster."""
    service = OTHER_CLUSTER.replace(":cluster/", ":service/") + "/web"
    code, message = refused(stage, "DescribeServices", services=[service])
    assert code == "InvalidParameterException"
    assert (
        message
        == f"Identifier is for cluster django-crud-app-production. Your cluster is {CLUSTER}"
    )


# ---- UpdateService ----


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


# ---- Task definitions ----


@pytest.mark.parametrize("suffix", ["", ":1"])
@pytest.mark.parametrize("prefix", ["", CLUSTER_ARN.partition("cluster/")[0] + "task-definition/"])
def test_task_definition(stage, prefix, suffix):
    """A task definition is known by family, revision and ARN."""
    answer = stage.call("DescribeTaskDefinition", taskDefinition=f"{prefix}{CLUSTER}{suffix}")
    found = answer["taskDefinition"]
    assert (found["family"], found["revision"], found["networkMode"]) == (CLUSTER, 1, "awsvpc")
    (container,) = found["containerDefinitions"]
    assert container["image"].endswith(":staging")
    assert container["logConfiguration"]["options"]["awslogs-group"] == f"/ecs/{CLUSTER}"


@pytest.mark.parametrize("identifier", ["other", f"{CLUSTER}:2", f"{CLUSTER}:0"])
def test_unknown_task_definition(stage, identifier):
    """A family or a revision that does not exist is refused."""
    refusal = refused(stage, "DescribeTaskDefinition", taskDefinition=identifier)
    assert refusal == ("ClientException", "Unable to describe task definition.")


def test_nonsense_as_a_task_definition(stage):
    """What is no name is refused as such."""
    code, _ = refused(stage, "DescribeTaskDefinition", taskDefinition="a b")
    assert code == "InvalidParameterException"


def test_task_definition_of_two_containers():
    """Task definitions of more than one container are refused when they are declared."""
    containers = stack().resources["TaskDefinition"].properties["ContainerDefinitions"] * 2
    declared = changed("TaskDefinition", {"ContainerDefinitions": containers})
    with pytest.raises(PropertyError, match="Only task definitions of one container are played"):
        Stage(declared=declared)


# ---- RunTask ----


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


# ---- DescribeTasks, ListTasks, StopTask ----


def test_unknown_task_is_missing(stage):
    """DescribeTasks lists what it does not find."""
    arn = f"{CLUSTER_ARN.replace(':cluster/', ':task/')}/{TASK}"
    answer = stage.call("DescribeTasks", tasks=[TASK])
    assert answer == {"tasks": [], "failures": [{"arn": arn, "reason": "MISSING"}]}


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
    assert len(stage.tasks(startedBy=deployment, desiredStatus="STOPPED")) == 3
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
