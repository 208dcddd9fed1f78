"""A double of the AWS CLI with an account behind it, which can refuse."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

from template.tests.deploy.aws_options import GLOBAL, OPERATIONS
from template.tests.deploy.formation import Formation
from template.tests.deploy.operations import NOW, STREAM_MISSING, Operations, by_name
from template.tests.deploy.parameters import error
from template.tests.deploy.programs import RefusedError, parse
from template.tests.deploy.resources import arn
from template.tests.deploy.switches import Switches

REGIONS = ("eu-central-1", "us-east-1")
# What deploy/infra/ lets a job's role do of what doctor asks.
OF_ROLES = {
    "build": ("sts:GetCallerIdentity", "ecr:BatchGetImage"),
    "release": (
        *("sts:GetCallerIdentity", "ecr:BatchGetImage", "ecs:DescribeServices"),
        *("ecs:ListTasks", "ecs:DescribeTasks"),
    ),
}


# What the operations that change something begin with.
CHANGING = ("create-db", "delete", "execute", "put", "request", "run", "stop", "update")


class Cloud(Operations, Switches):
    """One account as its owner sees it through the AWS CLI; tests change its attributes."""

    def __init__(self) -> None:
        Operations.__init__(self)
        Switches.__init__(self)
        self.version = "aws-cli/2.31.4 Python/3.13.7 Linux/6.8 exe/x86_64"
        self.account = "123456789012"
        self.who = f"arn:aws:iam::{self.account}:user/dev"
        self.configured_region = "eu-central-1"
        self.log_in_error = ""
        self.denied: set[str] = set()
        self.formation = Formation(self.account)
        self.running: dict[str, dict[str, Any]] = {}
        self.pulling = 0
        # Why a stage's containers stop, by the name of its stack.
        self.stops: dict[str, dict[str, Any]] = {}
        # Events of schedules that ran, by the name of their stack, and starts that were refused.
        self.runs: dict[str, list[dict]] = {}
        self.dropped: dict[str, int] = {}
        # The accounts that the person's other profiles belong to, and the one with the registry.
        self.profiles: dict[str, Cloud] = {}
        self.registry: Cloud = self

    def __call__(self, words: list[str], stdin: str, environment: dict) -> tuple[str, bool]:
        """Answer one call of the program."""
        if words == ["--version"]:
            return f"{self.version}\n", False
        if "--profile" in words:
            at = words.index("--profile")
            if words[at + 1] not in self.profiles:
                raise RefusedError(f"The config profile ({words[at + 1]}) could not be found", 255)
            rest = words[:at] + words[at + 2 :]
            return self.profiles[words[at + 1]](rest, stdin, environment)
        known = OPERATIONS.get(tuple(words[:2]))
        if known is None:
            raise RefusedError(f"argument operation: Invalid choice: {words[:2]}", 252)
        positional, options = parse(words[2:], known | GLOBAL)
        if words[0] == "configure":
            return self.configured(positional), False
        self.admit(words[0], words[1], options, environment)
        self.stdin = stdin
        answer = self.dispatch(words[0], words[1], positional, options)
        # A change set that nobody executes changes nothing.
        changes = words[1].startswith(CHANGING) and words[1] != "delete-change-set"
        return answer if isinstance(answer, str) else json.dumps(answer), changes

    def configured(self, positional: list[str]) -> str:
        """Answer `aws configure get`, which fails without a word where nothing is set."""
        if positional != ["region"] or not self.configured_region:
            raise RefusedError("", 1)
        return f"{self.configured_region}\n"

    def admit(self, service: str, operation: str, options: dict, environment: dict) -> None:
        """Refuse a call without credentials, region or permission."""
        if self.log_in_error:
            raise RefusedError(self.log_in_error, 255)
        region = options.get("--region", [""])[0]
        if "--region" not in options:
            raise RefusedError("the double wants --region on every call", 252)
        if region not in REGIONS:
            url = f"https://{service}.{region}.amazonaws.com/"
            raise RefusedError(f'Could not connect to the endpoint URL: "{url}"', 255)
        action = f"{service}:{camel(operation)}"
        who, allowed = self.who, None
        if environment["AWS_WEB_IDENTITY_TOKEN_FILE"]:
            who, allowed = self.assume(environment)
        if action in self.denied or (allowed is not None and action not in allowed):
            raise denial(who, action)

    def assume(self, environment: dict) -> tuple[str, tuple[str, ...]]:
        """Return who a web identity becomes and what it may do; refuse a subject without trust."""
        file = Path(environment["AWS_WEB_IDENTITY_TOKEN_FILE"])
        if file.stat().st_mode & 0o077:
            raise RefusedError("the token's file is open to others", 255)
        payload = file.read_text().split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        role = environment["AWS_ROLE_ARN"].rpartition("/")[2]
        if claims["sub"] != self.formation.trusted_subject(role):
            said = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
            raise error("AccessDenied", "AssumeRoleWithWebIdentity", said)
        kind = "build" if role.endswith("-build") else "release"
        return f"arn:aws:sts::{self.account}:assumed-role/{role}/doctor", OF_ROLES[kind]

    def dispatch(self, service: str, operation: str, positional: list[str], options: dict) -> Any:
        """Return the answer to an operation that is allowed."""
        if service == "cloudformation":
            return self.formation.answer(operation, positional, options)
        method = getattr(self, f"{service}_{operation}".replace("-", "_"))
        if hasattr(method, "takes_options"):
            return method(options)
        return method(*(options[name] for name in options if name not in GLOBAL))

    def sts_get_caller_identity(self) -> dict:
        """Say who is logged in."""
        return {"UserId": "AIDA", "Account": self.account, "Arn": self.who}

    def iam_get_open_id_connect_provider(self, name: list[str]) -> dict:
        """Describe an OIDC provider."""
        return self.kept("AWS::IAM::OIDCProvider", name, "NoSuchEntity")

    def iam_get_role(self, name: list[str]) -> dict:
        """Describe a role that the GitHub stack made."""
        subject = self.formation.trusted_subject(name[0])
        if subject is None:
            raise error("NoSuchEntity", "GetRole", f"The role {name[0]} cannot be found.")
        condition = {"StringEquals": {"token.actions.githubusercontent.com:sub": subject}}
        document = {"Statement": [{"Effect": "Allow", "Condition": condition}]}
        return {"Role": {"RoleName": name[0], "AssumeRolePolicyDocument": document}}

    def ecr_describe_repositories(self, names: list[str]) -> dict:
        """Describe an image repository."""
        self.kept("AWS::ECR::Repository", names, "RepositoryNotFoundException")
        repository = arn("ecr", REGIONS[0], self.account, f"repository/{names[0]}")
        return {"repositories": [{"repositoryName": names[0], "repositoryArn": repository}]}

    def ecr_list_tags_for_resource(self, name: list[str]) -> dict:
        """List the tags of an image repository."""
        tags = self.formation.tags.get(name[0].rpartition("/")[2], {})
        return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def ecr_batch_get_image(self, registry: list, repository: list, ids: list) -> dict:
        """Return the image that a tag names, if any, also for an account that is admitted."""
        owner = self if registry[0] == self.account else self.registry
        if owner is not self:
            stack = owner.formation.stacks[f"{repository[0]}-github"]["parameters"]
            if registry[0] != owner.account or self.account not in stack["StageAccountIds"]:
                raise denial(self.who, "ecr:BatchGetImage")
        images = owner.formation.kept["AWS::ECR::Repository"].get(repository[0])
        if images is None:
            raise error("RepositoryNotFoundException", "BatchGetImage", "does not exist")
        digest = images.get(ids[0].removeprefix("imageTag="))
        return {"images": [{"imageId": {"imageDigest": digest}}] if digest else []}

    def ecr_delete_repository(self, _: list, name: list[str]) -> dict:
        """Delete an image repository with its images."""
        return self.delete_kept("AWS::ECR::Repository", name)

    def secretsmanager_describe_secret(self, name: list[str]) -> dict:
        """Describe a secret."""
        return self.kept("AWS::SecretsManager::Secret", name, "ResourceNotFoundException")

    def secretsmanager_delete_secret(self, _: list, name: list[str]) -> dict:
        """Delete a secret."""
        return self.delete_kept("AWS::SecretsManager::Secret", name)

    def s3api_head_bucket(self, name: list[str]) -> str:
        """Say nothing where the bucket exists, as some versions do."""
        if name[0] in self.denied_buckets:
            said = "An error occurred (403) when calling the HeadBucket operation: Forbidden"
            raise RefusedError(said, 254)
        self.kept("AWS::S3::Bucket", name, "404) (Not Found")
        return ""

    def rds_describe_db_snapshots(self, *options: list[str]) -> dict:
        """List all snapshots, or a database's, or describe one by its name or its ARN."""
        known = self.formation.kept["AWS::RDS::DBSnapshot"]
        if len(options) == 1:
            name = options[0][0].partition(":snapshot:")[2] or options[0][0]
            self.kept("AWS::RDS::DBSnapshot", [name], "DBSnapshotNotFound")
            return {"DBSnapshots": [self.snapshot(name, known[name])]}
        database = options[1][0] if options else ""
        own = [name for name in known if not database or name.startswith(f"{database}-")]
        return {"DBSnapshots": [self.snapshot(name, known[name]) for name in own]}

    def rds_describe_db_instance_automated_backups(self, which: list[str]) -> dict:
        """List a deleted database's daily backups, or describe them."""
        if which[0].startswith("arn:"):
            kind = "AWS::RDS::DBInstanceAutomatedBackup"
            return self.kept(kind, which, "DBInstanceAutomatedBackupNotFound")
        names = self.formation.kept["AWS::RDS::DBInstanceAutomatedBackup"]
        own = [name for name in names if name.endswith(f":{which[0]}")]
        return {
            "DBInstanceAutomatedBackups": [{"DBInstanceAutomatedBackupsArn": one} for one in own]
        }

    def rds_delete_db_snapshot(self, name: list[str]) -> dict:
        """Delete a snapshot."""
        return self.delete_kept("AWS::RDS::DBSnapshot", name)

    def rds_delete_db_instance_automated_backup(self, name: list[str]) -> dict:
        """Delete daily backups."""
        return self.delete_kept("AWS::RDS::DBInstanceAutomatedBackup", name)

    def ecs_describe_services(self, cluster: list[str], services: list[str]) -> dict:
        """Describe a stage's service, where each look is a moment later than the one before."""
        found = [one for one in services if self.has_service(cluster, one)]
        missing = [one for one in services if one not in found]
        return {
            "services": [self.tell_service(cluster, one) for one in found],
            "failures": [{"arn": one, "reason": "MISSING"} for one in missing],
        }

    def has_service(self, cluster: list[str], service: str) -> bool:
        """Return whether a stage has a service of this name."""
        name = service_key(cluster, [service])
        return name.partition("/")[0] in self.formation.stacks and name in self.formation.services

    def tell_service(self, cluster: list[str], service: str) -> dict:
        """Describe a service."""
        name, key = cluster[0].rpartition("/")[2], service_key(cluster, [service])
        known = self.formation.services[key]
        running = self.pass_time(key, known)
        place = (REGIONS[0], self.account)
        group = arn("elasticloadbalancing", *place, f"targetgroup/{name}/1")
        balanced = [{"containerName": "web", "targetGroupArn": group}] if service == "web" else []
        subnets = {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}
        told = {
            "status": "ACTIVE",
            "serviceName": service,
            "clusterArn": arn("ecs", *place, f"cluster/{name}"),
            "desiredCount": known["desired"],
            "runningCount": running,
            "pendingCount": known["desired"] - running,
            "events": known["events"][::-1],
            "taskDefinition": arn("ecs", *place, f"task-definition/{key.replace('/', '-')}:7"),
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": subnets},
            "loadBalancers": balanced,
            "enableExecuteCommand": name in self.shells,
            "deployments": self.tell(name, service, known["desired"]),
        }
        return told | self.running.get(key, {})

    def pass_time(self, name: str, known: dict) -> int:
        """Return how many containers of a service run, after a moment in which some may stop."""
        desired = known["desired"]
        if not desired:
            return 0
        if reason := self.stops.get(name):
            if reason.get("pauses"):
                return 0
            number = len(known["stopped"])
            known["stopped"].append({"taskArn": f"{name}/task{number}"} | reason)
            tell(known, f"(service web) has started 1 tasks: (task task{number}).")
            return 0
        if known["starting"]:
            known["starting"] -= 1
            tell(known, "(service web) has started 1 tasks: (task task9).")
            return 0
        if not known["events"] or "steady" not in known["events"][-1]["message"]:
            tell(known, "(service web) has reached a steady state.")
        return desired

    @by_name
    def ecs_list_tasks(self, options: dict) -> dict:
        """List one task for each container that runs, or those that have stopped."""
        cluster, status = options["--cluster"], options.get("--desired-status", ["RUNNING"])[0]
        if mark := options.get("--started-by"):
            own = [task for task in self.tasks.values() if task.options["--started-by"] == mark]
            return {"taskArns": [task.arn for task in own if not task.stopped]}
        service = options["--service-name"]
        name = service_key(cluster, service)
        known = self.formation.services.get(name, {"desired": 0, "stopped": []})
        if status == "STOPPED":
            return {"taskArns": [task["taskArn"] for task in known["stopped"]]}
        count = self.running.get(name, {}).get("runningCount", known["desired"])
        return {"taskArns": [f"{cluster[0]}/{service[0]}{n}" for n in range(count)]}

    def ecs_describe_tasks(self, cluster: list[str], tasks: list[str]) -> dict:
        """Describe tasks, which run what the tag names unless `running` knows better.

        GuardDuty's agent is beside each container; `pulling` tasks, the last ones, have no image.
        """
        name = cluster[0].rpartition("/")[2]
        if len(tasks) > 100:
            said = "Tasks cannot have more than 100 entries."
            raise error("InvalidParameterException", "DescribeTasks", said)
        if tasks[0] in self.tasks:
            return {"tasks": [self.tasks[one].look() for one in tasks]}
        stopped = {one["taskArn"]: one for one in self.formation.services[name]["stopped"]}
        if tasks[0] in stopped:
            return {"tasks": [stopped[task] for task in tasks]}
        project, _, stage = name.rpartition("-")
        digest = self.registry.formation.kept["AWS::ECR::Repository"][project].get(stage)
        service = tasks[0].rpartition("/")[2].rstrip("0123456789")
        digest = self.running.get(service_key(cluster, [service]), {}).get("digest", digest)
        agent = {"name": "aws-guardduty-agent-x1y2z", "imageDigest": "sha256:agent"}
        own = {"name": service, "imageDigest": digest}
        told = [{"taskArn": one, "containers": [agent, own]} for one in tasks]
        for task in told[len(told) - self.pulling :]:
            task["containers"] = [{"name": service}]
        return {"tasks": told}

    @by_name
    def logs_get_log_events(self, options: dict) -> dict:
        """Return the log of a container, if it ever wrote one."""
        group, stream = options["--log-group-name"][0], options["--log-stream-name"][0]
        if stream.startswith("web/web/run"):
            return self.task_log(stream, options)
        log = self.stops.get(group.removeprefix("/ecs/"), {}).get("log")
        if not group.startswith("/ecs/") or log is None or not stream.startswith("web/web/task"):
            raise error("ResourceNotFoundException", "GetLogEvents", STREAM_MISSING)
        return {"events": [{"message": line} for line in log]}

    @by_name
    def logs_filter_log_events(self, options: dict) -> dict:
        """Return events of a log group: of a stage, or of how its schedules ran."""
        group, start = options["--log-group-name"][0], int(options["--start-time"][0])
        name = group.rpartition("/")[2]
        if name not in self.formation.stacks or group in self.lost_groups:
            said = "The specified log group does not exist."
            raise error("ResourceNotFoundException", "FilterLogEvents", said)
        if group.startswith("/ecs/"):
            return self.page_of_events(options)
        return {"events": [one for one in self.runs.get(name, []) if one["timestamp"] >= start]}

    def cloudwatch_get_metric_statistics(self, *options: list[str]) -> dict:
        """Return how many scheduled runs could not be started, where there are any."""
        namespace, metric, dimension = (one[0] for one in options[:3])
        if (namespace, metric) != ("AWS/Scheduler", "InvocationDroppedCount"):
            raise RefusedError("the double counts nothing else", 252)
        count = self.dropped.get(dimension.removeprefix("Name=ScheduleGroup,Value="), 0)
        return {"Datapoints": [{"Sum": float(count)}] if count else []}

    def kept(self, kind: str, names: list[str], code: str) -> dict:
        """Describe one of the things that can outlive a stack, or refuse where it is not there."""
        if names[0] not in self.formation.kept[kind]:
            raise error(code, "Describe", f"{names[0]} does not exist here")
        return {"found": self.formation.kept[kind][names[0]]}

    def delete_kept(self, kind: str, names: list[str]) -> dict:
        """Delete one of those things."""
        self.formation.kept[kind].pop(names[0])
        return {}


def service_key(cluster: list[str], service: list[str]) -> str:
    """Return under which name a service is known: a web server under its cluster's."""
    name = cluster[0].rpartition("/")[2]
    return name if service == ["web"] else f"{name}/{service[0]}"


def tell(known: dict, message: str) -> None:
    """Add an event to a service's."""
    number = len(known["events"])
    known["events"].append({"id": str(number), "message": message, "createdAt": NOW + number})


def camel(operation: str) -> str:
    """Return an operation's name as IAM spells it."""
    return "".join(word.capitalize() for word in operation.split("-"))


def denial(who: str, action: str) -> RefusedError:
    """Return what AWS says to somebody without permission."""
    said = f"User: {who} is not authorized to perform: {action} on resource: * because no"
    return error("AccessDenied", action, f"{said} identity-based policy allows the {action} action")
