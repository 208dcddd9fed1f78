"""A command as one task of a stage: starting it, its output as it comes, and how it ended."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.aws import patiently
from deploy.cluster import Cluster
from deploy.console import leave_pipe, remark, show
from deploy.errors import ProgramError, SetupError
from deploy.errors import explain as explain_error
from deploy.start import reason_of

POLL_SECONDS = 2
# A line is in CloudWatch this long after it was written, at the latest; usually within one second.
SETTLE_SECONDS = 5

# What ECS says of a task whose container never ran, or of a capacity that it has not; what to do.
REASONS = [
    (
        "CannotPull",
        "The stage has no image yet, or may not read it: release to it, then run this again.",
    ),
    (
        "ResourceInitializationError",
        "It cannot reach its secrets or its registry: `make doctor`, then `make setup`.",
    ),
    ("apacity", "AWS has no room for it at the moment: wait a minute and run this again."),
    ("RESOURCE:", "AWS has no room for it at the moment: wait a minute and run this again."),
]
# What the AWS CLI says where a request may have been carried out, and its answer was lost.
UNANSWERED = re.compile(
    r"[Tt]imeout|[Cc]onnection|Could not connect|ServerException|InternalFailure|ServiceUnavailable"
)
OTHERWISE = "Mend the reason (docs/troubleshooting.md), then run this again."


class UnknownTaskError(ProgramError):
    """ECS does not know a task."""


@dataclass
class Task:
    """A task of the web server's task definition whose command is another one.

    `started_by` is its mark, by which it can be found before ECS has answered.
    """

    cluster: Cluster
    command: list[str]
    shell: bool = False
    started_by: str = field(default_factory=lambda: f"run-{uuid.uuid4().hex}")
    arn: str = ""
    container: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def stop_command(self) -> str:
        """What a person types to stop it, or to find it where ECS has not answered yet."""
        if not self.arn:
            return self.cluster.command("list-tasks", "--started-by", self.started_by)
        return self.cluster.command("stop-task", "--task", self.id)

    def start(self, service: dict[str, Any]) -> None:
        """Start it where a service runs; raise SetupError where ECS refuses, or does not tell
        whether it has started it."""
        asked = ("describe-task-definition", "--task-definition", service["taskDefinition"])
        definition = self.cluster.aws.ask("ecs", *asked)["taskDefinition"]
        self.container = container_of(service, definition)
        overrides = {"name": self.container["name"], "command": self.command}
        try:
            answer = self.cluster.ask(
                *("run-task", "--task-definition", service["taskDefinition"], "--count", "1"),
                *("--started-by", self.started_by, *placement(service)),
                *(("--enable-execute-command",) if self.shell else ()),
                *("--overrides", json.dumps({"containerOverrides": [overrides]})),
            )
        except ProgramError as error:
            if not UNANSWERED.search(error.said):
                raise
            raise unanswered(self, error) from error
        if not answer["tasks"]:
            reasons = [failure.get("reason", "") for failure in answer["failures"]]
            raise refused("ECS did not start the command", ", ".join(reasons) or "without a reason")
        self.arn = answer["tasks"][0]["taskArn"]

    def look(self) -> dict[str, Any]:
        """Return the task as ECS tells it now; raise UnknownTaskError where it does not know it:
        a moment after its start, and from an hour after its end on."""
        answer = self.cluster.ask("describe-tasks", "--tasks", self.arn)
        if not answer["tasks"]:
            raise UnknownTaskError(("aws", "ecs", "describe-tasks"), f"no task {self.id}")
        return answer["tasks"][0]

    def own(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return the command's container in what ECS tells, which may be nothing of it yet."""
        name = self.container["name"]
        return next((one for one in told["containers"] if one["name"] == name), {})

    def news(self) -> Iterator[list[str]]:
        """Yield the lines that it has written since the last time, page by page."""
        options = self.container["logConfiguration"]["options"]
        name = self.container["name"]
        stream = f"{options['awslogs-stream-prefix']}/{name}/{self.id}"
        group = options["awslogs-group"]
        asked = ("get-log-events", "--log-group-name", group, "--log-stream-name", stream)
        while True:
            further = ("--next-token", self.token) if self.token else ()
            which = ("logs", *asked, "--start-from-head", *further)
            page = self.cluster.aws.find("ResourceNotFoundException", *which)
            if page is None:  # the stream begins with the first line
                return
            # The end is where the token stays the same; a page before it may be empty.
            # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
            before, self.token = self.token, page["nextForwardToken"]
            yield [event["message"] for event in page["events"]]
            if self.token == before:
                return

    def stop(self) -> None:
        """Ask ECS to stop it, also where its answer to the start has not come."""
        tasks = [self.arn] if self.arn else self.started()
        for task in tasks:
            self.cluster.ask("stop-task", "--task", task, "--reason", "Stopped by who ran it")

    def started(self) -> list[str]:
        """Return the ARNs of the tasks that bear its mark."""
        return self.cluster.ask("list-tasks", "--started-by", self.started_by)["taskArns"]


def container_of(service: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any]:
    """Return the container of a task definition that the load balancer asks, or the first one."""
    containers = definition["containerDefinitions"]
    asked = [one.get("containerName") for one in service.get("loadBalancers", [])]
    return next((one for one in containers if one["name"] in asked), containers[0])


def placement(service: dict[str, Any]) -> list[str]:
    """Return the options that let a task run where a service does."""
    options = []
    if network := service.get("networkConfiguration"):
        options += ["--network-configuration", json.dumps(network)]
    if launch_type := service.get("launchType"):
        options += ["--launch-type", launch_type]
    if strategy := service.get("capacityProviderStrategy"):
        options += ["--capacity-provider-strategy", json.dumps(strategy)]
    return options


def follow(task: Task) -> int:
    """Show what a task writes until it has ended, and return its command's exit code.

    Raises SetupError where the command never ran, or where AWS does not tell any more.
    """
    last = ""
    while True:
        told = ask_of(task, task.look)
        ask_of(task, lambda: show_news(task))
        own = task.own(told)
        if "exitCode" in own or told["lastStatus"] == "STOPPED":
            break
        if told["lastStatus"] != last:
            last = told["lastStatus"]
            remark(f"Task {task.id}: {last}")
        time.sleep(POLL_SECONDS)
    if "exitCode" not in own:
        raise refused("The command never ran", reason_of({**told, "containers": [own]}))
    settle(task)
    explain(own)
    return own["exitCode"]


def settle(task: Task) -> None:
    """Show the last lines of a task that has ended, once no more are on their way."""
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < SETTLE_SECONDS:
        time.sleep(min(POLL_SECONDS, 1))
        if ask_of(task, lambda: show_news(task)):
            quiet_since = time.monotonic()


def show_news(task: Task) -> int:
    """Show the new lines of a task, and return how many there were."""
    count = 0
    for lines in task.news():
        try:
            show(lines)
        except BrokenPipeError:  # the command goes on, whoever listens
            leave_pipe()
        count += len(lines)
    return count


def ask_of(task: Task, ask: Callable[[], Any]) -> Any:
    """Return an answer of AWS about a task; raise SetupError, which says that the task goes on,
    where AWS does not answer any more."""
    try:
        return patiently(ask, POLL_SECONDS)
    except ProgramError as error:
        raise lost(task, error) from error


def unanswered(task: Task, error: ProgramError) -> SetupError:
    """Return the error for a task that ECS may have started, though its answer was lost."""
    logs = f"`python3 -m deploy logs {task.cluster.stage}`"
    return SetupError(
        f"ECS did not tell whether it has started the command. {explain_error(error)}",
        f"Look before you run it again: it is found by {task.stop_command}, or it has ended"
        f" already, and {logs} has what it wrote.",
    )


def lost(task: Task, error: ProgramError) -> SetupError:
    """Return the error for a task that AWS does not tell of any more, which may go on."""
    stage = task.cluster.stage
    if isinstance(error, UnknownTaskError):
        return SetupError(
            f"ECS does not know the task {task.id}: it forgets a task, and its exit code, an hour"
            " after its end.",
            f"See what it wrote, `python3 -m deploy logs {stage} --since 1d`, before you run it"
            " again.",
        )
    return SetupError(
        f"AWS does not tell any more how the task {task.id} is doing. {explain_error(error)}",
        f"The command goes on meanwhile: see what it writes, `python3 -m deploy logs {stage}`,"
        f" before you run it again. To stop it: {task.stop_command}.",
    )


def refused(what: str, why: str) -> SetupError:
    """Return the error for a command that did not begin, with what to do by ECS's reason."""
    advice = next((told for words, told in REASONS if words in why), OTHERWISE)
    return SetupError(f"{what}: {why}", advice)


def explain(own: dict[str, Any]) -> None:
    """Say how the command ended, where it did not end well."""
    code, reason = own["exitCode"], own.get("reason", "")
    if code == 0:
        return
    remark(f"The command ended with exit code {code}. {reason}".rstrip())
    if "OutOfMemory" in reason:
        remark("It needs more memory than its container has: a larger `cpu` in stages.toml.")
    elif code == 137:
        remark("It was killed: it used too much memory, or it did not end when it was told to.")
