"""The ECS service scheduler: rolls deployments out, replaces tasks, and rolls back.

What it says and when: the events of
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html,
the circuit breaker of
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html, and
answers of DescribeServices that people have published, such as
https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/494 and
https://github.com/aws/containers-roadmap/issues/1488. No published answer shows the
rolloutStateReason after an alarm; it is worded here as the circuit breaker's.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from template.rehearsal.ecs import launching
from template.rehearsal.ecs.deployments import (
    ACTIVE,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    PRIMARY,
    Deployment,
)
from template.rehearsal.ecs.images import Images
from template.rehearsal.ecs.launching import Change, Launcher
from template.rehearsal.ecs.placement import Placement
from template.rehearsal.ecs.services import Service
from template.rehearsal.ecs.tasks import Task

ROLLBACK_SECONDS = 60
INCONSISTENT_FAILURES = 3
BREAKER = "ECS deployment circuit breaker"
ALARMS = "ECS deployment alarms"

Event = tuple[float, Callable[[], None]]


class Scheduler:
    """Looks after one service. Nothing happens by itself: `advance` catches up with the clock."""

    def __init__(self, service: Service, launcher: Launcher, images: Images):
        self.service = service
        self.launcher = launcher
        self._images = images
        self._placement = Placement(service)
        self._time = service.created

    # ---- From outside ----

    def advance(self, now: float) -> None:
        """Let everything happen that happens up to now, in its order."""
        self._reconcile()
        while event := self._next(now):
            self._time = max(self._time, event[0])
            event[1]()
            self._reconcile()
        self._time = max(self._time, now)

    def deploy(self, definition: dict[str, Any]) -> None:
        """Begin a deployment: the tag is resolved now, and never again for this deployment."""
        plan = self.launcher.plan(rollback=False)
        digest = self._images.digest(definition["containerDefinitions"][0]["image"])
        self._begin(Deployment(plan, definition, digest, self._time))

    def scale(self, desired: int) -> None:
        """Change the number of tasks that it should run; takes effect with what comes next."""
        self.service.settings["desiredCount"] = desired

    def delete(self) -> None:
        """Delete the service and stop its tasks."""
        self.service.status = "DRAINING"
        self._placement.stop([task for task in self.service.tasks if task.live], self._time)

    # ---- What happens next ----

    def _next(self, now: float) -> Event | None:
        events = [
            (change.at, partial(self._change, task, change))
            for task in self.service.tasks
            if not task.ended and (change := task.run.next(now))
        ]
        if self.service.deployments:
            events += self._around(self.service.primary)
        due = [event for event in events if event[0] <= now]
        return min(due, key=lambda event: event[0], default=None)

    def _around(self, primary: Deployment) -> list[Event]:
        if primary.rollout_state != IN_PROGRESS or self.service.status != "ACTIVE":
            return []
        events: list[Event] = []
        if primary.ready_at is not None:
            events.append((primary.ready_at, partial(self._complete, primary)))
        if primary.happenings:
            at, what = primary.happenings[0]
            events.append((at, partial(self._happen, primary, what)))
        return events

    def _happen(self, primary: Deployment, what: str) -> None:
        primary.happenings.popleft()
        alarms = self.service.rule("alarms")
        match what:
            case launching.ALARM if alarms.get("enable"):
                self._fail(primary, "alarm detected", ALARMS, alarms)
            case launching.REDEPLOY:
                self.deploy(primary.definition)
            case launching.DELETE:
                self.delete()

    def _change(self, task: Task, change: Change) -> None:
        task.run.take()
        match change.to:
            case launching.UNPLACED:
                self._say(f"was unable to place a task. Reason: {change.why}")
            case launching.UNHEALTHY:
                self._replace(task, change.why)
            case launching.HEALTHY:
                task.apply(change)
                self._register(task)
            case _:
                expected = not task.live
                task.apply(change)
                if change.to == launching.RUNNING and not self._checks(task):
                    self._trust(task)
                if task.ended and not expected:
                    self._died(task)

    # ---- Tasks ----

    def _checks(self, task: Task) -> bool:
        """Whether a load balancer or a check of the container's own says how the task is."""
        return self.service.balanced or "healthCheck" in task.order.container

    def _trust(self, task: Task) -> None:
        """A task that nobody checks counts as soon as it runs, and forgives those that ended.

        https://github.com/aws/containers-roadmap/issues/1206
        """
        task.healthy = True
        self._deployment_of(task).failed = 0

    def _register(self, task: Task) -> None:
        self._deployment_of(task).failed = 0
        if self.service.balanced:
            self._say(f"registered 1 targets in {self.service.target_group}")

    def _replace(self, task: Task, why: str) -> None:
        if not self.service.balanced:
            reason = "Task failed container health checks"
            self._say(f"(task {task.order.task}) failed container health checks.")
        else:
            group = self.service.target_group
            port = self.service.settings["loadBalancers"][0]["containerPort"]
            reason = f"Task failed ELB health checks in {group}"
            self._say(
                f"(task {task.order.task}) (port {port}) is unhealthy in {group}"
                f" due to (reason {why})."
            )
        self._placement.stop([task], self._time, reason)
        self._count(task)

    def _died(self, task: Task) -> None:
        if task.stop.code == "TaskFailedToStart":
            self._say(f"was unable to place a task. Reason: {task.stop.reason}.")
        self._count(task)

    def _count(self, task: Task) -> None:
        deployment = self._deployment_of(task)
        if deployment.status != PRIMARY or deployment.rollout_state != IN_PROGRESS:
            return
        deployment.failed += 1
        threshold = self.service.breaker_threshold
        if threshold is None and deployment.failed == INCONSISTENT_FAILURES:
            self._say("is unable to consistently start tasks successfully.")
        if threshold is not None and deployment.failed >= threshold:
            rule = self.service.rule("deploymentCircuitBreaker")
            self._fail(deployment, "tasks failed to start", BREAKER, rule)

    def _deployment_of(self, task: Task) -> Deployment:
        return next(each for each in self.service.deployments if each.id == task.deployment)

    # ---- Deployments ----

    def _begin(self, deployment: Deployment) -> None:
        for each in self.service.deployments:
            each.status = ACTIVE
        self.service.deployments.insert(0, deployment)
        self.service.settings["taskDefinition"] = deployment.definition["taskDefinitionArn"]
        self._reconcile()

    def _complete(self, deployment: Deployment) -> None:
        deployment.become(COMPLETED, f"ECS deployment {deployment.id} completed.", self._time)
        self.service.completed = deployment
        self._say(f"(deployment {deployment.id}) deployment completed.")
        self._say("has reached a steady state.")

    def _fail(self, deployment: Deployment, why: str, judge: str, rule: dict[str, Any]) -> None:
        deployment.become(FAILED, f"{judge}: {why}.", self._time)
        self._say(f"(deployment {deployment.id}) deployment failed: {why}.")
        if rule.get("rollback") and self.service.completed:
            self._roll_back(self.service.completed, judge)

    def _roll_back(self, target: Deployment, judge: str) -> None:
        self._say(f"rolling back to deployment {target.id}.")
        restored = Deployment(
            self.launcher.plan(rollback=True),
            target.definition,
            target.digest,
            self._time,
            undoes=True,
            not_before=self._time + ROLLBACK_SECONDS,
            reason=f"{judge}: rolling back to deploymentId {target.id}.",
        )
        for task in target.tasks(self.service.tasks):
            task.deployment = restored.id
        if target in self.service.deployments:
            self.service.deployments.remove(target)
        self._begin(restored)

    # ---- Bringing the service to what is wanted ----

    def _reconcile(self) -> None:
        if self.service.status == "ACTIVE":
            self._placement.stop_surplus(self._time)
            self._placement.start_missing(self._time)
            self._judge_steadiness()
            self._forget_ended()
        elif all(task.ended for task in self.service.tasks):
            self.service.status = "INACTIVE"
            self.service.deployments.clear()

    def _judge_steadiness(self) -> None:
        primary = self.service.primary
        mine = primary.tasks(self.service.tasks)
        alone = all(task.ended for task in self.service.tasks if task.deployment != primary.id)
        steady = alone and sum(task.healthy for task in mine) == self.service.desired
        if not steady:
            primary.steady_since = None
        elif primary.steady_since is None:
            primary.steady_since = self._time

    def _forget_ended(self) -> None:
        primary = self.service.primary
        undoing = primary.undoes and primary.rollout_state == IN_PROGRESS
        self.service.deployments = [
            each
            for each in self.service.deployments
            if each is primary
            or (undoing and each.rollout_state == FAILED)
            or not all(task.ended for task in each.tasks(self.service.tasks))
        ]

    def _say(self, text: str) -> None:
        self.service.say(self._time, text)
