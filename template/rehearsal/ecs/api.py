"""Amazon ECS: clusters, services, task definitions, deployments and tasks.

Answers have the shapes of botocore's model and errors the words of AWS,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from template.rehearsal.aws.account import REGION, arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.logs import Logs
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.clock import Clock
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecs.clusters import Cluster
from template.rehearsal.ecs.definitions import Definitions
from template.rehearsal.ecs.images import Images
from template.rehearsal.ecs.launching import Launcher, Refusal
from template.rehearsal.ecs.names import cluster_arn, is_here, service_arn, task_arn
from template.rehearsal.ecs.permissions import PERMISSIONS
from template.rehearsal.ecs.run_task import run_tasks
from template.rehearsal.ecs.scheduler import Scheduler
from template.rehearsal.ecs.services import Service
from template.rehearsal.ecs.shapes import api_shape
from template.rehearsal.ecs.tasks import Task

FOUNDED_SECONDS = 3600
CLUSTER = "AWS::ECS::Cluster"
SERVICE = "AWS::ECS::Service"
TASK_DEFINITION = "AWS::ECS::TaskDefinition"
LOG_GROUP = "AWS::Logs::LogGroup"
UPDATES = {"cluster", "service", "desiredCount", "taskDefinition", "forceNewDeployment"}
PAGE = 100
SERVICES_PAGE = 10
# What ListTasks does not take beside startedBy:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
FILTERS = {"containerInstance", "desiredStatus", "family", "launchType", "serviceName"}
MOST_TASKS = 100  # that DescribeTasks takes

Params = dict[str, Any]


class Ecs:
    """The service `ecs` of the AWS double; safe for threads.

    `resolve` gives the digest that an image's tag names in the registry, and raises LookupError
    where there is no such image.
    """

    name = "ecs"

    def __init__(self, clock: Clock, logs: Logs, resolve: Callable[[str], str]):
        self.definitions = Definitions()
        self._clock = clock
        self._logs = logs
        self._images = Images(resolve)
        self._clusters: dict[str, Cluster] = {}
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[Params], dict]] = {
            "DescribeClusters": self._describe_clusters,
            "DescribeServices": self._describe_services,
            "UpdateService": self._update_service,
            "RunTask": self._run_task,
            "DescribeTasks": self._describe_tasks,
            "StopTask": self._stop_task,
            "ListServices": self._list_services,
            "ListTasks": self._list_tasks,
            "DescribeTaskDefinition": self._describe_task_definition,
        }

    def add_stage(self, launcher: Launcher, stack: Stack, region: str = REGION) -> None:
        """Create what the stack of deploy/infra/stage.yml declares: a cluster and its service.

        Raises PropertyError for a property that the API does not have.
        """
        cluster, group = _the_only(stack, CLUSTER), _the_only(stack, LOG_GROUP)
        home = Cluster(arn("ecs", f"cluster/{cluster['ClusterName']}", region), launcher)
        name = group["LogGroupName"]
        with self._lock:
            self._clusters[home.arn] = home
            self._logs.add_group(name, region, partial(self._streams, home, name))
        self.add_service(home.arn, stack, region)

    def add_service(self, cluster: str, stack: Stack, region: str = REGION) -> None:
        """Create the service that a stack declares, in a cluster by ARN, with its task definition.

        It is an hour old, so that its first deployment is over. Raises PropertyError for a
        property that the API does not have.
        """
        service = {"DesiredCount": _least(stack), **_the_only(stack, SERVICE)}
        created = self._clock.now() - FOUNDED_SECONDS
        home = self._clusters[cluster]
        with self._lock:
            shape = self.definitions.register(_the_only(stack, TASK_DEFINITION), region)
            home.add(Service(home.arn, api_shape(service, "Service"), created), self._images)
            home.schedulers[service["ServiceName"]].deploy(shape)

    def scheduler(self, cluster: str, service: str) -> Scheduler:
        """What looks after a service, of a cluster by ARN and the service by name."""
        return self._clusters[cluster].schedulers[service]

    def services(self, cluster: str) -> list[Service]:
        """The services of a cluster by ARN, as they are now."""
        with self._lock:
            return self._advanced(self._clusters[cluster]).services

    def exists(self, cluster: str, service: str) -> bool:
        """Whether a cluster, by ARN, has a service of this name that was not deleted."""
        schedulers = self._clusters[cluster].schedulers
        return service in schedulers and schedulers[service].service.status != "INACTIVE"

    def forget_service(self, cluster: str, service: str) -> None:
        """Know nothing of a service any more, as ECS does an hour after it was deleted."""
        with self._lock:
            del self._clusters[cluster].schedulers[service]

    def serving(self, cluster: str, service: str) -> list[Task]:
        """The tasks that pass their health checks, of a cluster by ARN and its service by name."""
        with self._lock:
            home = self._advanced(self._clusters[cluster])
            return [task for task in home.schedulers[service].service.tasks if task.healthy]

    def targets(self) -> dict[str, list[Task]]:
        """The tasks that load balancers send requests to, by target group."""
        with self._lock:
            homes = [self._advanced(home) for home in self._clusters.values()]
            return {
                balanced["targetGroupArn"]: [task for task in service.tasks if task.live]
                for home in homes
                for service in home.services
                for balanced in service.settings.get("loadBalancers", [])
                if "targetGroupArn" in balanced
            }

    def task(self, cluster: str, task: str) -> Task:
        """A task by its ARN, as it is now, of a cluster by ARN."""
        with self._lock:
            home = self._advanced(self._clusters[cluster])
            return next(each for each in home.all_tasks if each.arn == task)

    def lines(self, cluster: str, task: str) -> list[str]:
        """What a task has written so far."""
        return [text for _, text in self.task(cluster, task).run.log(self._clock.now()) or []]

    def logs(self, cluster: str) -> dict[str, list[str]]:
        """What all tasks of a cluster, by ARN, have written so far, by their ARNs."""
        with self._lock:
            tasks = self._advanced(self._clusters[cluster]).all_tasks
            return {task.arn: self.lines(cluster, task.arn) for task in tasks}

    def authorizations(self, operation: str, params: Params) -> list[Authorization]:
        """The permissions that a call needs, all of them. Raises AwsError."""
        if operation not in PERMISSIONS:
            raise AwsError(
                "UnknownOperationException", f"The rehearsal's ECS does not play {operation}."
            )
        return PERMISSIONS[operation](params, self.definitions)

    def call(self, operation: str, params: Params) -> dict:
        """Make a call of `authorizations`; the output is in the API's shape. Raises AwsError."""
        with self._lock:
            return self._operations[operation](params)

    # ---- Clusters and services ----

    def _describe_clusters(self, params: Params) -> dict:
        arns = [cluster_arn(each) for each in params.get("clusters") or [None]]
        found = [self._advanced(self._clusters[each]) for each in arns if each in self._clusters]
        return {
            "clusters": [each.describe() for each in found],
            "failures": [_missing(each) for each in arns if each not in self._clusters],
        }

    def _describe_services(self, params: Params) -> dict:
        home = self._cluster(params)
        arns = [service_arn(home.arn, each) for each in params["services"]]
        found = {each.arn: each for each in home.services}
        return {
            "services": [found[each].describe() for each in arns if each in found],
            "failures": [_missing(each) for each in arns if each not in found],
        }

    def _list_services(self, params: Params) -> dict:
        services = self._cluster(params).services
        arns = [each.arn for each in services if each.status == "ACTIVE"]
        return _paged("serviceArns", arns, params, SERVICES_PAGE)

    def _update_service(self, params: Params) -> dict:
        if unplayed := set(params) - UPDATES:
            raise AwsError(
                "UnsupportedFeatureException",
                f"The rehearsal's UpdateService does not play {', '.join(sorted(unplayed))}.",
            )
        scheduler = self._scheduler(self._cluster(params), params["service"])
        service = scheduler.service
        if service.status != "ACTIVE":
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        running = service.settings["taskDefinition"]
        wanted = self._definition(params.get("taskDefinition", running))
        if "desiredCount" in params:
            scheduler.scale(params["desiredCount"])
        if params.get("forceNewDeployment") or wanted["taskDefinitionArn"] != running:
            scheduler.deploy(wanted)
        return {"service": service.describe()}

    def _describe_task_definition(self, params: Params) -> dict:
        refusal = "Unable to describe task definition."
        found = self.definitions.get(params["taskDefinition"], refusal)
        return {"taskDefinition": found, "tags": []}

    # ---- Tasks ----

    def _run_task(self, params: Params) -> dict:
        home = self._cluster(params)
        definition = self._definition(params["taskDefinition"])
        run = partial(run_tasks, home, definition, params, self._images, self._clock.now())
        outcomes = home.once(params, run)
        started = [each for each in outcomes if isinstance(each, Task)]
        home.tasks += [each for each in started if each not in home.tasks]
        return {
            "tasks": [each.describe() for each in started],
            "failures": [each.describe() for each in _failures(outcomes)],
        }

    def _describe_tasks(self, params: Params) -> dict:
        home = self._cluster(params)
        if len(params["tasks"]) > MOST_TASKS:
            raise AwsError(
                "InvalidParameterException", f"Tasks cannot have more than {MOST_TASKS} entries."
            )
        arns = [task_arn(home.arn, each) for each in params["tasks"]]
        found = {each.arn: each for each in home.all_tasks}
        return {
            "tasks": [found[each].describe() for each in arns if each in found],
            "failures": [_missing(each) for each in arns if each not in found],
        }

    def _stop_task(self, params: Params) -> dict:
        home = self._cluster(params)
        wanted = task_arn(home.arn, params["task"])
        task = next((each for each in home.all_tasks if each.arn == wanted), None)
        if not task:
            raise AwsError("InvalidParameterException", "The referenced task was not found.")
        reason = params.get("reason", "Task stopped by user")
        task.ask_to_stop(self._clock.now(), "UserInitiated", reason)
        return {"task": task.describe()}

    def _list_tasks(self, params: Params) -> dict:
        home = self._cluster(params)
        if "startedBy" in params and set(params) & FILTERS:
            raise AwsError(
                "InvalidParameterException",
                "startedBy must be the only filter when it is specified.",
            )
        tasks = home.all_tasks
        if "serviceName" in params:
            tasks = self._scheduler(home, params["serviceName"]).service.tasks
        arns = [task.arn for task in tasks if task.matches(params)]
        return _paged("taskArns", arns, params, PAGE)

    def _streams(self, home: Cluster, group: str) -> dict:
        with self._lock:
            return self._advanced(home).streams(group, self._clock.now())

    # ---- Looking things up ----

    def _cluster(self, params: Params) -> Cluster:
        wanted = cluster_arn(params.get("cluster"))
        if wanted not in self._clusters or not is_here(wanted):
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return self._advanced(self._clusters[wanted])

    def _advanced(self, home: Cluster) -> Cluster:
        home.advance(self._clock.now())
        return home

    def _scheduler(self, home: Cluster, identifier: str) -> Scheduler:
        wanted = service_arn(home.arn, identifier)
        for scheduler in home.schedulers.values():
            if scheduler.service.arn == wanted:
                return scheduler
        raise AwsError("ServiceNotFoundException", "Service not found.")

    def _definition(self, identifier: str) -> dict:
        return self.definitions.get(identifier, "TaskDefinition not found.")


def _least(stack: Stack) -> str:
    """How many containers autoscaling starts where the service itself names no count."""
    targets = stack.of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
    return next((str(each.properties["MinCapacity"]) for each in targets), "1")


def _the_only(stack: Stack, type_name: str) -> dict[str, Any]:
    (resource,) = stack.of_type(type_name).values()
    return resource.properties


def _failures(outcomes: list[Task | Refusal]) -> list[Refusal]:
    """What RunTask tells of; a refusal without a reason is told by nothing at all."""
    return [each for each in outcomes if isinstance(each, Refusal) and each.reason]


def _paged(name: str, arns: list[str], params: Params, most: int) -> dict[str, Any]:
    first = int(params.get("nextToken", 0))
    last = first + params.get("maxResults", most)
    more = {"nextToken": str(last)} if last < len(arns) else {}
    return {name: arns[first:last], **more}


def _missing(wanted: str) -> dict[str, str]:
    return {"arn": wanted, "reason": "MISSING"}
