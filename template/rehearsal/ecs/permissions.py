"""The permissions that each operation of ECS needs.

Resources and condition keys:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from collections.abc import Callable
from typing import Any

from template.rehearsal.aws.recording import Authorization
from template.rehearsal.ecs.definitions import Definitions
from template.rehearsal.ecs.names import cluster_arn, definition_arn, service_arn, task_arn

Params = dict[str, Any]
ROLES = ("taskRoleArn", "executionRoleArn")


def describe_clusters(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:DescribeClusters on every cluster."""
    clusters = params.get("clusters") or [None]
    return [Authorization("ecs:DescribeClusters", cluster_arn(each)) for each in clusters]


def describe_services(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:DescribeServices on every service."""
    cluster, context = _cluster(params)
    return [
        Authorization("ecs:DescribeServices", service_arn(cluster, each), context)
        for each in params["services"]
    ]


def update_service(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:UpdateService on the service, with the new task definition if one is named."""
    cluster, context = _cluster(params)
    if "taskDefinition" in params:
        found = definitions.find(params["taskDefinition"])
        context["ecs:task-definition"] = (
            found["taskDefinitionArn"] if found else definition_arn(params["taskDefinition"])
        )
    service = service_arn(cluster, params["service"])
    return [Authorization("ecs:UpdateService", service, context)]


def run_task(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:RunTask on the task definition in the form given, iam:PassRole on its roles.

    A family without a revision is checked as such, so a policy for FAMILY:* alone denies it.
    """
    _, context = _cluster(params)
    named = definition_arn(params["taskDefinition"])
    definition = definitions.find(params["taskDefinition"]) or {}
    roles = {**definition, **params.get("overrides", {})}
    tagging = [_tag_resource(params)] if params.get("tags") else []
    return [
        Authorization("ecs:RunTask", named, context),
        *[_pass_role(roles[name]) for name in ROLES if name in roles],
        *tagging,
    ]


def describe_tasks(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:DescribeTasks on every task."""
    cluster, context = _cluster(params)
    return [
        Authorization("ecs:DescribeTasks", task_arn(cluster, each), context)
        for each in params["tasks"]
    ]


def stop_task(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:StopTask on the task."""
    cluster, context = _cluster(params)
    return [Authorization("ecs:StopTask", task_arn(cluster, params["task"]), context)]


def list_services(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:ListServices, which knows no resources, only the cluster as a condition."""
    _, context = _cluster(params)
    return [Authorization("ecs:ListServices", "*", context)]


def list_tasks(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:ListTasks on the container instances of the cluster, Fargate or not."""
    cluster, context = _cluster(params)
    instances = cluster.replace(":cluster/", ":container-instance/") + "/*"
    return [Authorization("ecs:ListTasks", instances, context)]


def describe_task_definition(params: Params, definitions: Definitions) -> list[Authorization]:
    """ecs:DescribeTaskDefinition, which knows no resources."""
    return [Authorization("ecs:DescribeTaskDefinition", "*")]


PERMISSIONS: dict[str, Callable[[Params, Definitions], list[Authorization]]] = {
    "DescribeClusters": describe_clusters,
    "DescribeServices": describe_services,
    "UpdateService": update_service,
    "RunTask": run_task,
    "DescribeTasks": describe_tasks,
    "StopTask": stop_task,
    "ListServices": list_services,
    "ListTasks": list_tasks,
    "DescribeTaskDefinition": describe_task_definition,
}


def _cluster(params: Params) -> tuple[str, dict[str, str]]:
    cluster = cluster_arn(params.get("cluster"))
    context = {"ecs:cluster": cluster}
    if "enableExecuteCommand" in params:
        context["ecs:enable-execute-command"] = str(params["enableExecuteCommand"]).lower()
    return cluster, context


def _pass_role(role: str) -> Authorization:
    return Authorization("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})


def _tag_resource(params: Params) -> Authorization:
    cluster = cluster_arn(params.get("cluster"))
    return Authorization(
        "ecs:TagResource",
        cluster.replace(":cluster/", ":task/") + "/*",
        {"ecs:CreateAction": "RunTask", "ecs:cluster": cluster},
    )
