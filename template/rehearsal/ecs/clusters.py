"""A cluster of ECS: its services, and the tasks that RunTask has started in it."""

from collections.abc import Callable
from typing import Any

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.ecs.images import Images
from template.rehearsal.ecs.launching import Launcher, Line, Refusal
from template.rehearsal.ecs.names import short_name
from template.rehearsal.ecs.scheduler import Scheduler
from template.rehearsal.ecs.services import Service
from template.rehearsal.ecs.tasks import Task


class Cluster:
    """A cluster and what lives in it."""

    def __init__(self, arn: str, launcher: Launcher):
        self.arn = arn
        self.launcher = launcher
        self.schedulers: dict[str, Scheduler] = {}
        self.tasks: list[Task] = []
        self._requests: dict[str, tuple[dict[str, Any], list[Task | Refusal]]] = {}

    def add(self, service: Service, images: Images) -> None:
        """Put a service into the cluster."""
        self.schedulers[service.name] = Scheduler(service, self.launcher, images)

    @property
    def services(self) -> list[Service]:
        """Its services."""
        return [each.service for each in self.schedulers.values()]

    @property
    def all_tasks(self) -> list[Task]:
        """The tasks of its services, and those without one."""
        return [task for service in self.services for task in service.tasks] + self.tasks

    def once(
        self, request: dict[str, Any], run: Callable[[], list[Task | Refusal]]
    ) -> list[Task | Refusal]:
        """What became of a request of RunTask, which a repetition with its token does not repeat.

        Raises AwsError ConflictException for the token of another request.
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
        """
        token = request.get("clientToken")
        if token is None:
            return run()
        if token not in self._requests:
            self._requests[token] = request, run()
        known, outcomes = self._requests[token]
        if known != request:
            raise AwsError(
                "ConflictException",
                "The provided clientToken is already in use with a different RunTask request.",
            )
        return outcomes

    def advance(self, now: float) -> None:
        """Let everything happen that happens up to now."""
        for scheduler in self.schedulers.values():
            scheduler.advance(now)
        for task in self.tasks:
            task.advance(now)

    def streams(self, group: str, now: float) -> dict[str, list[Line]]:
        """What its tasks have written to a log group so far, by stream."""
        written = {task: task.run.log(now) for task in self.all_tasks if task.log_group == group}
        return {task.log_stream: lines for task, lines in written.items() if lines is not None}

    def describe(self) -> dict[str, Any]:
        """The cluster in the API's shape."""
        live = [task for task in self.all_tasks if task.live]
        return {
            "clusterArn": self.arn,
            "clusterName": short_name(self.arn),
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": sum(not task.waiting for task in live),
            "pendingTasksCount": sum(task.waiting for task in live),
            "activeServicesCount": sum(each.status == "ACTIVE" for each in self.services),
            "statistics": [],
            "tags": [],
            "settings": [],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
        }
