"""Starts and stops the tasks of an ECS service, within the bounds of its deployments."""

import secrets

from template.rehearsal.ecs.deployments import FAILED, Deployment
from template.rehearsal.ecs.images import pinned
from template.rehearsal.ecs.launching import Order
from template.rehearsal.ecs.services import Service
from template.rehearsal.ecs.tasks import Task
from template.rehearsal.ecs.timelines import unpullable


class Placement:
    """The tasks of one service; every moment is in seconds since the epoch."""

    def __init__(self, service: Service):
        self._service = service

    def stop(self, tasks: list[Task], at: float, reason: str = "") -> None:
        """Stop tasks for a reason, or because their number changes."""
        if not tasks:
            return
        registered = sum(task.healthy for task in tasks)
        for task in tasks:
            why = reason or f"Scaling activity initiated by (deployment {self._service.primary.id})"
            task.ask_to_stop(at, "ServiceSchedulerInitiated", why)
        if registered and self._service.balanced:
            self._service.say(
                at, f"deregistered {registered} targets in {self._service.target_group}"
            )
            self._service.say(at, f"has begun draining connections on {registered} tasks.")
        self._service.say(at, f"has stopped {len(tasks)} running tasks: {_list(tasks)}.")

    def stop_surplus(self, at: float) -> None:
        """Stop what the desired count does not want, and old tasks that can be spared."""
        primary = self._service.primary
        mine = [task for task in primary.tasks(self._service.tasks) if task.live]
        others = [
            task for task in self._service.tasks if task.live and task.deployment != primary.id
        ]
        spare = sum(task.healthy for task in mine + others) - self._service.fewest
        leaving = [task for task in others if task.healthy][: max(0, spare)]
        failing = [task for task in others if not task.healthy]
        self.stop(failing + leaving + mine[self._service.desired :], at)

    def start_missing(self, at: float) -> None:
        """Start what the newest deployment lacks, unless it has failed."""
        primary = self._service.primary
        if primary.rollout_state == FAILED:
            return
        live = [task for task in self._service.tasks if task.live]
        missing = self._service.desired - len(primary.tasks(live))
        started = [
            self._start(primary, at) for _ in range(min(missing, self._service.most - len(live)))
        ]
        if started:
            self._service.say(at, f"has started {len(started)} tasks: {_list(started)}.")

    def _start(self, deployment: Deployment, at: float) -> Task:
        settings = self._service.settings
        container = deployment.definition["containerDefinitions"][0]
        order = Order(
            at,
            secrets.token_hex(16),
            f"service:{self._service.name}",
            pinned(container["image"], deployment.digest),
            container,
            deployment.definition,
            settings["healthCheckGracePeriodSeconds"],
            self._service.balanced,
        )
        start = deployment.plan.start if deployment.digest else unpullable
        request = {
            "startedBy": deployment.id,
            "launchType": settings["launchType"],
            "networkConfiguration": settings["networkConfiguration"],
        }
        task = Task(
            order,
            start(order),
            self._service.cluster_arn,
            deployment.digest,
            request,
            deployment.id,
        )
        self._service.tasks.append(task)
        return task


def _list(tasks: list[Task]) -> str:
    return " ".join(f"(task {task.order.task})" for task in tasks)
