"""CloudFormation tells the stacks of the templates, and Elastic Load Balancing their tasks."""

import pytest

from template.rehearsal import project
from template.rehearsal.aws.elbv2 import LoadBalancing
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.cloudformation.api import CloudFormation
from template.rehearsal.ecs import timelines
from template.tests.pipeline.stages import NEW, Stage, checked, refused

STAGING = "django-crud-app-staging"


@pytest.fixture
def stacks():
    """CloudFormation with the stacks of the project."""
    return CloudFormation(project.deploy().values(), "o/r")


def describe(service, **params):
    """What DescribeStacks answers."""
    return checked(service, "DescribeStacks", params)["Stacks"]


def test_stack_by_its_name(stacks):
    """A stack has its parameters and outputs, lists as one text, and whose it is."""
    (found,) = describe(stacks, StackName=STAGING)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
    assert parameters["Stage"] == "staging"
    assert parameters["EcrImageUrl"].endswith("/django-crud-app")
    assert parameters["PublicSubnetIds"].count(",") == 1
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    assert outputs["ClusterArn"].endswith(f":cluster/{STAGING}")
    tags = {each["Key"]: each["Value"] for each in found["Tags"]}
    assert tags == {"Project": "django-crud-app", "Stage": "staging", "Repository": "o/r"}


def test_all_stacks(stacks):
    """Without a name all are told, for which another permission is needed."""
    assert len(describe(stacks)) == len(project.deploy())
    wanted = {each.action for each in stacks.authorizations("DescribeStacks", {})}
    assert wanted == {"cloudformation:DescribeStacks", "cloudformation:ListStacks"}
    (one,) = stacks.authorizations("DescribeStacks", {"StackName": STAGING})
    assert one.resource.endswith(f":stack/{STAGING}/0")


def test_stack_that_is_not_there(stacks):
    """An unknown name is refused with AWS's words, and so is another operation."""
    with pytest.raises(AwsError, match="Stack with id other does not exist"):
        describe(stacks, StackName="other")
    with pytest.raises(AwsError, match="does not play DeleteStack"):
        stacks.authorizations("DeleteStack", {"StackName": STAGING})


def test_services_are_listed_by_the_page():
    """A page of services has ten at most, of those that are active."""
    stage = Stage()
    (arn,) = stage.call("ListServices")["serviceArns"]
    assert arn.endswith(f":service/{STAGING}/web")
    (home,) = stage.ecs._clusters.values()
    scheduler = home.schedulers["web"]
    assert "nextToken" not in stage.call("ListServices", maxResults=1)
    scheduler.service.status = "INACTIVE"
    assert stage.call("ListServices")["serviceArns"] == []
    assert refused(stage, "ListServices", cluster="other")[0] == "ClusterNotFoundException"


def test_targets_are_the_tasks_that_live():
    """A task is a target from its start to its end, healthy once its checks pass."""
    stage = Stage()
    balancing = LoadBalancing(stage.ecs.targets)
    group = stage.service()["loadBalancers"][0]["targetGroupArn"]

    def states():
        told = checked(balancing, "DescribeTargetHealth", {"TargetGroupArn": group})
        return sorted(each["TargetHealth"]["State"] for each in told["TargetHealthDescriptions"])

    assert states() == ["healthy"]
    stage.story(timelines.SUCCEEDS, 20)
    assert states() == ["healthy", "initial"]
    stage.clock.advance(1000)
    assert states() == ["healthy"]
    assert stage.served() == [NEW]
    with pytest.raises(AwsError, match="target groups not found"):
        checked(balancing, "DescribeTargetHealth", {"TargetGroupArn": f"{group}0"})
    with pytest.raises(AwsError, match="does not play DeleteTargetGroup"):
        balancing.authorizations("DeleteTargetGroup", {"TargetGroupArn": group})
