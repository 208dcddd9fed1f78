"""Amazon EventBridge Scheduler: starts the task of a schedule, as the role that it is given.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

import json
import time
from typing import Any

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.cloud import Cloud
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.tasks import Task

SERVICE = "scheduler.amazonaws.com"
PATIENCE = 300.0  # seconds that a command may take


def start(schedule: Stack, cloud: Cloud, ecs: Ecs) -> str:
    """Start the task of a schedule, as its time has come; the ARN of the task.

    Raises AwsError where the role is not lent to the schedule's group or may not start the task,
    and where ECS refuses it.
    """
    (found,) = schedule.of_type("AWS::Scheduler::Schedule").values()
    target, group = found.properties["Target"], found.properties["GroupName"]
    role = cloud.iam.role(target["RoleArn"])
    if not cloud.iam.lends(role, SERVICE, arn("scheduler", f"schedule-group/{group}")).allowed:
        raise AwsError("AccessDeniedException", f"{SERVICE} is not allowed to assume {role.name}")
    params = run_task(target)
    session = cloud.sessions.issue(role.name, group)
    with cloud.aws.guard.permitted(session, ecs.authorizations("RunTask", params)):
        answer = ecs.call("RunTask", params)
    for failure in answer["failures"]:
        raise AwsError("InternalFailure", failure["reason"], 500)
    (task,) = answer["tasks"]
    return task["taskArn"]


def wait(cluster: str, task: str, ecs: Ecs) -> Task:
    """The task once it has ended, or patience has."""
    deadline = time.monotonic() + PATIENCE
    while not (found := ecs.task(cluster, task)).ended and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def run_task(target: dict[str, Any]) -> dict[str, Any]:
    """The parameters of RunTask that a target stands for."""
    parameters = target["EcsParameters"]
    network = parameters["NetworkConfiguration"]["AwsvpcConfiguration"]
    return {
        "cluster": target["Arn"],
        "taskDefinition": parameters["TaskDefinitionArn"],
        "launchType": parameters["LaunchType"],
        "group": parameters["Group"],
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": network["Subnets"],
                "securityGroups": network["SecurityGroups"],
                "assignPublicIp": network["AssignPublicIp"],
            }
        },
        "overrides": json.loads(target["Input"]),
    }
