"""What the double of the AWS CLI plays of a stage in operation: tasks, logs, secrets, schedules."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from template.rehearsal.cloudformation.templates import resolve
from template.rehearsal.ecs.shapes import api_shape
from template.tests.deploy.parameters import error
from template.tests.deploy.programs import RefusedError
from template.tests.deploy.resources import REGION, arn

NOW = 1_795_680_000.0  # 26 November 2026, 08:00 UTC
PAGE = 3  # events in a page of a log
STREAM_MISSING = "The specified log stream does not exist."
CONFLICT = (
    "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently"
    " attached to version {}, so you must explicitly reference that version in RemoveFromVersionId."
)


def by_name(method: Callable) -> Callable:
    """Mark an operation that takes its options by their names, in one dictionary."""
    method.takes_options = True
    return method


@dataclass
class Play:
    """How the next one-off task goes: what it writes, and how it ends.

    Each look at it is a moment later: two until it runs, then a line for each, but for those that
    reach the log `late`, only after the end. Without an exit code its container never runs.
    """

    lines: list[str] = field(default_factory=list)
    exit_code: int | None = 0
    late: int = 0
    reason: str = ""
    stopped_reason: str = "Essential container in task exited"
    failure: str = ""
    endless: bool = False
    agent: str = "RUNNING"


class Task:
    """A one-off task."""

    def __init__(self, play: Play, options: dict[str, list[str]], number: int) -> None:
        cluster = options["--cluster"][0]
        self.arn = arn("ecs", REGION, "123456789012", f"task/{cluster}/run{number}")
        self.play, self.options = play, options
        self.overrides = json.loads(options["--overrides"][0])["containerOverrides"][0]
        self.looks = 0
        self.stopped = False
        self.written: list[str] = []

    def look(self) -> dict[str, Any]:
        """Return the task a moment later than the last time."""
        self.looks += 1
        status = ("PROVISIONING", "PENDING", "RUNNING")[min(self.looks, 3) - 1]
        prompt = self.play.lines[: len(self.play.lines) - self.play.late]
        if status == "RUNNING" and len(self.written) < len(prompt):
            self.written.append(prompt[len(self.written)])
        told = {"taskArn": self.arn, "lastStatus": status, "group": "family:shop"}
        container = {"name": self.overrides["name"], "lastStatus": status}
        if "--enable-execute-command" in self.options:
            agent = self.play.agent if self.looks > 3 else "PENDING"
            container["managedAgents"] = [{"name": "ExecuteCommandAgent", "lastStatus": agent}]
        if self.play.exit_code is None and (self.stopped or self.looks > 2):
            told |= {"lastStatus": "STOPPED", "stoppedReason": self.play.stopped_reason}
            container |= {"lastStatus": "STOPPED", "reason": self.play.reason}
        elif self.stopped or (self.looks > 3 + len(prompt) and not self.play.endless):
            told |= {"lastStatus": "DEPROVISIONING", "stoppedReason": self.play.stopped_reason}
            code = 143 if self.stopped else self.play.exit_code
            container |= {"lastStatus": "STOPPED", "exitCode": code}
            container |= {"reason": self.play.reason} if self.play.reason else {}
        agent = {"name": "aws-guardduty-agent-x1y2z", "lastStatus": status}
        return told | {"containers": [agent, container]}

    def write_late(self) -> None:
        """Let a line reach the log that comes late, if the command has ended."""
        if self.has_ended and len(self.written) < len(self.play.lines):
            self.written.append(self.play.lines[len(self.written)])

    @property
    def has_ended(self) -> bool:
        """Whether only what is late is still to be written."""
        prompt = len(self.play.lines) - self.play.late
        return self.stopped or (self.looks > 3 + prompt and not self.play.endless)


class Operations:
    """Operations of ECS, Logs, Secrets Manager, Scheduler and load balancers, for the cloud."""

    formation: Any
    account: str

    def __init__(self) -> None:
        self.play = Play()
        self.tasks: dict[str, Task] = {}
        self.shells: set[str] = set()
        self.sessions: list[dict[str, Any]] = []
        self.session_ends: int | None = None
        self.deployments: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.goes_back = ""
        self.deployed_at = NOW
        self.targets = ["healthy"]
        self.commits: dict[str, list[str]] = {}
        self.events: list[dict[str, Any]] = []
        self.lost_groups: set[str] = set()
        self.secrets: dict[str, Secret] = {}
        self.takes_variables = True

    # ---- Services ----

    @by_name
    def ecs_list_services(self, options: dict) -> dict:
        """List the services of a stage."""
        cluster = options["--cluster"][0]
        known = [key.partition("/") for key in self.formation.services]
        names = [name or "web" for place, _, name in known if place == cluster][::-1]
        return {
            "serviceArns": [
                arn("ecs", REGION, self.account, f"service/{cluster}/{name}") for name in names
            ]
        }

    @by_name
    def ecs_update_service(self, options: dict) -> dict:
        """Begin a new deployment of a service."""
        cluster, name = options["--cluster"][0], options["--service"][0]
        assert "--force-new-deployment" in options
        known = self.deployments.setdefault((cluster, name), [])
        known.append({"id": f"ecs-svc/{len(known) + 2}", "looks": 0})
        return {"service": {"serviceName": name, "deployments": self.tell(cluster, name, 1)}}

    def tell(self, cluster: str, name: str, desired: int) -> list[dict[str, Any]]:
        """Return the deployments of a service, the newest first: it takes two looks."""
        known = self.deployments.get((cluster, name), [])
        newest = known[-1] if known else {"id": "ecs-svc/1", "looks": 9}
        newest["looks"] += 1
        over = newest["looks"] > 3
        told = {
            "id": newest["id"],
            "status": "PRIMARY",
            "rolloutState": "COMPLETED" if over else "IN_PROGRESS",
            "createdAt": self.deployed_at,
            "desiredCount": desired,
            "runningCount": desired if over else 0,
        }
        if over and known and self.goes_back:
            told |= {"id": "ecs-svc/back", "rolloutStateReason": self.goes_back}
        return [told]

    @by_name
    def ecs_describe_task_definition(self, options: dict) -> dict:
        """Describe the task definition of a stage's web server, as its template declares it."""
        name = options["--task-definition"][0].rpartition("/")[2].partition(":")[0]
        stack = self.formation.stacks[name]
        found = resolve(stack["file"], stack["parameters"], name=name).resources
        told = api_shape(found["TaskDefinition"].properties, "TaskDefinition")
        if not self.takes_variables:
            secrets = told["containerDefinitions"][0]["secrets"]
            secrets[:] = [one for one in secrets if one["name"] != "STAGE_CONFIG"]
        return {"taskDefinition": told}

    @by_name
    def elbv2_describe_target_health(self, options: dict) -> dict:
        """Tell how the load balancer finds the containers of a stage."""
        assert options["--target-group-arn"][0].startswith("arn:aws:elasticloadbalancing:")
        return {
            "TargetHealthDescriptions": [
                {"TargetHealth": {"State": state, "Description": f"It is {state}."}}
                for state in self.targets
            ]
        }

    @by_name
    def ecr_describe_images(self, options: dict) -> dict:
        """Describe an image by its digest."""
        digest = options["--image-ids"][0].removeprefix("imageDigest=")
        if digest not in self.commits:
            raise error("ImageNotFoundException", "DescribeImages", "does not exist")
        return {"imageDetails": [{"imageDigest": digest, "imageTags": self.commits[digest]}]}

    # ---- One-off tasks ----

    @by_name
    def ecs_run_task(self, options: dict) -> dict:
        """Start a one-off task, or say why not."""
        network = json.loads(options["--network-configuration"][0])["awsvpcConfiguration"]
        definition = options["--task-definition"][0]
        if not network["subnets"] or not re.search(r":\d+$", definition):
            raise error("InvalidParameterException", "RunTask", "Network Configuration must be")
        if "--enable-execute-command" in options and options["--cluster"][0] not in self.shells:
            said = "The service couldn't be updated because a valid taskRoleArn is not being used."
            raise error("InvalidParameterException", "RunTask", said)
        if self.play.failure:
            return {"tasks": [], "failures": [{"reason": self.play.failure}]}
        task = Task(self.play, options, len(self.tasks))
        self.tasks[task.arn] = task
        return {"tasks": [{"taskArn": task.arn}], "failures": []}

    @by_name
    def ecs_stop_task(self, options: dict) -> dict:
        """Stop a one-off task."""
        wanted = options["--task"][0].rpartition("/")[2]
        found = [one for one in self.tasks.values() if one.arn.endswith(f"/{wanted}")]
        if not found:
            raise error(
                "InvalidParameterException", "StopTask", "The referenced task was not found."
            )
        found[0].stopped = True
        return {"task": {"taskArn": found[0].arn}}

    @by_name
    def ecs_execute_command(self, options: dict) -> str:
        """Open a session, after which the task's own command ends if the session's has."""
        assert "--interactive" in options
        task = next(one for one in self.tasks.values() if one.arn.endswith(options["--task"][0]))
        self.sessions.append(options | {"stdin": self.stdin})
        if self.session_ends is not None:
            task.play = Play(exit_code=self.session_ends)
        return "This is the session.\n"

    # ---- Logs ----

    def task_log(self, stream: str, options: dict) -> dict:
        """Return a page of a one-off task's log, from where the token points to."""
        task = next(one for one in self.tasks.values() if one.arn.endswith(stream.split("/")[2]))
        if not task.written:
            task.write_late()
            raise error("ResourceNotFoundException", "GetLogEvents", STREAM_MISSING)
        assert "--start-from-head" in options
        token = options.get("--next-token", [""])[0]
        if not token:  # a first page without events, which AWS may give
            return {"events": [], "nextForwardToken": "f/0"}
        first = int(token.removeprefix("f/"))
        page = task.written[first : first + PAGE]
        if not page:
            task.write_late()  # what comes is there for the next one who asks
        return {
            "events": [{"message": line} for line in page],
            "nextForwardToken": f"f/{first + len(page)}",
        }

    def page_of_events(self, options: dict) -> dict:
        """Return a page of a stage's log; every other page has no events."""
        prefix = options.get("--log-stream-name-prefix", [""])[0]
        term = options.get("--filter-pattern", ['""'])[0].strip('"')
        found = [
            event
            for event in self.events
            if event["logStreamName"].startswith(prefix)
            and term in event["message"]
            and event["timestamp"] >= int(options["--start-time"][0])
        ]
        token = options.get("--next-token", ["-0"])[0]
        first, empty = int(token.lstrip("-e")), token.startswith("-e")
        page = [] if empty else found[first : first + PAGE]
        following = first + len(page)
        if following == len(found):
            return {"events": page}
        return {"events": page, "nextToken": f"-{'' if empty else 'e'}{following}"}

    # ---- Secrets ----

    def secret(self, options: dict, operation: str) -> "Secret":
        """Return the secret that is meant, or refuse."""
        name = options["--secret-id"][0]
        outputs = [stack["outputs"] for stack in self.formation.stacks.values()]
        if name in [one.get("ConfigSecretArn") for one in outputs]:
            self.secrets.setdefault(name, new_secret())
        if name not in self.secrets:
            said = "Secrets Manager can't find the specified secret."
            raise error("ResourceNotFoundException", operation, said)
        return self.secrets[name]

    @by_name
    def secretsmanager_get_secret_value(self, options: dict) -> dict:
        """Return the current version of a secret."""
        secret = self.secret(options, "GetSecretValue")
        version = secret.labels["AWSCURRENT"]
        return {"VersionId": version, "CreatedDate": NOW} | secret.versions[version]

    @by_name
    def secretsmanager_put_secret_value(self, options: dict) -> dict:
        """Keep a new version of a secret, which comes by standard input."""
        secret = self.secret(options, "PutSecretValue")
        version, (given,) = options["--client-request-token"][0], options["--secret-string"]
        if given != "file:///dev/stdin":
            raise RefusedError("the double takes a secret by standard input alone", 252)
        if len(self.stdin) > 65_536:
            raise error("ValidationException", "PutSecretValue", "Member must have length less")
        secret.versions[version] = {"SecretString": self.stdin}
        for label in options.get("--version-stages", ["AWSCURRENT"]):
            secret.labels[label] = version
        return {"VersionId": version}

    @by_name
    def secretsmanager_update_secret_version_stage(self, options: dict) -> dict:
        """Move a label from one version of a secret to another, if it is there."""
        secret = self.secret(options, "UpdateSecretVersionStage")
        label, to = options["--version-stage"][0], options["--move-to-version-id"][0]
        if secret.labels[label] != options["--remove-from-version-id"][0]:
            said = CONFLICT.format(secret.labels[label])
            raise error("InvalidParameterException", "UpdateSecretVersionStage", said)
        secret.labels["AWSPREVIOUS"], secret.labels[label] = secret.labels[label], to
        return {}


@dataclass
class Secret:
    """A secret with its versions, and the labels that point to them."""

    versions: dict[str, dict[str, Any]]
    labels: dict[str, str]


def new_secret(text: str = "{}") -> Secret:
    """Return a secret as CloudFormation makes it."""
    return Secret({"first": {"SecretString": text}}, {"AWSCURRENT": "first"})
