"""The operations of ECS on clusters, services and task definitions."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from template.rehearsal.aws.sessions import Caller, caller
from template.rehearsal.ecs.shapes import PropertyError
from template.rehearsal.ecs.timelines import MIGRATION_NEVER_STARTS
from template.tests.pipeline.stages import CLUSTER, CLUSTER_ARN, OLD, Stage, changed, refused, stack
from template.tests.pipeline.workers import worker_stack

TASK = "0" * 32
OTHER_CLUSTER = CLUSTER_ARN.replace("staging", "production")


@pytest.fixture
def stage():
    """A stage with one healthy task."""
    return Stage()


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


def test_calls_wait_for_each_other():
    """Calls that come at the same time are answered one after the other."""
    inside = []
    most = []

    def resolve(image):
        inside.append(image)
        time.sleep(0.01)
        most.append(len(inside))
        inside.pop()
        return OLD

    stage = Stage(resolve=resolve)
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(stage.run_task) for _ in range(8)]
    assert sum(len(answer.result()["tasks"]) for answer in answers) == 8
    assert max(most) == 1


def test_classic_load_balancer_tells_no_rollouts(stage):
    """Deployments behind a Classic Load Balancer have no state of their rollout."""
    balancer = {"loadBalancerName": "classic", "containerName": "web", "containerPort": 80}
    stage.ecs.scheduler(CLUSTER_ARN, "web").service.settings["loadBalancers"] = [balancer]
    stage.deploy()
    for deployment in stage.service()["deployments"]:
        assert not {"rolloutState", "rolloutStateReason"} & set(deployment)
    stage.clock.advance(200)
    assert "registered 1 targets in (elb classic)" in stage.events()


def test_service_that_is_forgotten_is_missing(stage):
    """An hour after it was deleted, a service is a failure in the answer, and no service."""
    stage.ecs.forget_service(CLUSTER_ARN, "web")
    answer = stage.call("DescribeServices", services=["web"])
    assert answer["services"] == []
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]
    assert not stage.ecs.exists(CLUSTER_ARN, "web")


def test_second_service_is_deployed(stage):
    """A service of another stack runs its own tasks of the same image in the same cluster."""
    stage.ecs.add_service(CLUSTER_ARN, worker_stack())
    stage.clock.advance(100)
    assert [task.digest for task in stage.ecs.serving(CLUSTER_ARN, "worker")] == [OLD]
