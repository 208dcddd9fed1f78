"""What doctor asks of variables, services, schedules and branches, on a desk as in a workflow."""

import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from deploy.aws import Aws, image_digest
from deploy.cluster import WEB, Cluster, own_container
from deploy.config import set_by_stage
from deploy.console import GOOD, MISSING, NOTE, UNSEEN, WRONG, Finding
from deploy.errors import ProgramError, SetupError, explain
from deploy.github import PROTECTIONS, Environment
from deploy.secret import read
from deploy.stacks import Stack
from deploy.templates import SERVICE, StageStacks
from deploy.variables import malformed
from deploy.wanted import image_variables, wanted_variables

DAYS = 7
MOST_TASKS = 100  # that describe-tasks takes
SCHEDULE_GROUP = "schedule:"
# Keys of stages.toml and parameters that say how people reach a stage.
REACHED_BY = frozenset({"domain", "certificate", "plain", "DomainName", "CertificateArn"})
WORKFLOW = Path(__file__).parents[1] / ".github" / "workflows" / "deploy.yml"
# The branches of its trigger `push`, on one line as it is written there.
BRANCHES = re.compile(r"^  push:\n    branches: \[(.*)\]$", re.MULTILINE)


class Run(NamedTuple):
    """A run that has ended: its schedule, when (UTC), and what failed, if anything."""

    schedule: str
    ended: str
    failure: str


def last_runs(aws: Aws, cluster: str) -> dict[str, Run]:
    """Return the last run of each schedule within seven days, by its name; `cluster` is the name
    of the stage's."""
    start = str(int((time.time() - DAYS * 86400) * 1000))
    which = ("--log-group-name", f"/aws/events/{cluster}-schedules", "--start-time", start)
    events = aws.ask("logs", "filter-log-events", *which)["events"]
    runs = sorted((as_run(json.loads(one["message"])) for one in events), key=lambda run: run.ended)
    return {run.schedule: run for run in runs}


def as_run(event: dict) -> Run:
    """Return the run that an event of ECS's is about.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    task = event["detail"]
    container = own_container(task, WEB)
    code = container.get("exitCode")
    why = container.get("reason") or task.get("stoppedReason", "")
    failure = "" if code == 0 else f"exit code {code}" if code is not None else why
    return Run(task["group"].removeprefix(SCHEDULE_GROUP), task["stoppedAt"], failure)


def refused_starts(aws: Aws, group: str) -> int:
    """Return how many runs of a schedule group EventBridge gave up to start within seven days."""
    end = datetime.now().astimezone()
    statistics = aws.ask(
        *("cloudwatch", "get-metric-statistics", "--namespace", "AWS/Scheduler"),
        *("--metric-name", "InvocationDroppedCount"),
        *("--dimensions", f"Name=ScheduleGroup,Value={group}"),
        *("--start-time", (end - timedelta(days=DAYS)).isoformat(timespec="seconds")),
        *("--end-time", end.isoformat(timespec="seconds")),
        *("--period", "86400", "--statistics", "Sum"),
    )
    return int(sum(point["Sum"] for point in statistics["Datapoints"]))


def check_variables(variables: dict[str, str], names: tuple[str, ...], scope: str) -> list[Finding]:
    """Say which variables are missing or malformed; `scope` is a stage or the repository."""
    examples = malformed(variables)
    option = "" if scope == "repository" else f" --env {scope}"
    findings = []
    for name in names:
        if not variables.get(name):
            findings.append(Finding(MISSING, f"variable {name} of {scope}", "make setup"))
        elif name in examples:
            mend = f"gh variable set {name}{option} --body {examples[name]}"
            findings.append(
                Finding(
                    WRONG,
                    f"variable {name} of {scope} is {variables[name]!r}, not like {examples[name]}",
                    mend,
                )
            )
        else:
            findings.append(Finding(GOOD, f"variable {name} of {scope} is {variables[name]}"))
    return findings


def check_together(variables: dict[str, str]) -> list[Finding]:
    """Say which well-formed variables contradict each other."""
    endpoint, image = variables.get("ECR_ENDPOINT", ""), variables.get("ECR_IMAGE_URL", "")
    found = []
    if endpoint and image and not image.startswith(f"{endpoint}/"):
        found.append(f"ECR_IMAGE_URL ({image}) is not a repository in ECR_ENDPOINT ({endpoint}).")
    region = variables.get("AWS_REGION", "")
    if endpoint and region and f".ecr.{region}." not in endpoint:
        found.append(f"ECR_ENDPOINT ({endpoint}) is not in AWS_REGION ({region}).")
    return [Finding(WRONG, what, "make setup") for what in found]


def check_environment(environment: Environment, *, private: bool) -> list[Finding]:
    """Say whether an environment exists and is protected.

    Most plans have no reviewers for private repositories, so there their absence is no gap.
    """
    name = environment.name
    if not environment.exists:
        return [Finding(MISSING, f"environment {name}", "make setup")]
    if not environment.lacks:
        return [Finding(GOOD, f"environment {name} exists and is protected")]
    if environment.restricted and not environment.admits_default_branch:
        what = f"environment {name} does not admit {environment.default_branch}"
        return [Finding(WRONG, what, "make setup")]
    states = {"reviewers": NOTE if private else WRONG}
    return [
        Finding(
            states.get(protection, WRONG),
            f"environment {name} has no {PROTECTIONS[protection]}",
            "make setup",
        )
        for protection in environment.lacks
    ]


def where_allowed(what: str, look: Callable[..., list[Finding]], *of: Any) -> list[Finding]:
    """Return what a look finds, or that it could not be seen, with what would show it."""
    try:
        return look(*of)
    except ProgramError as error:
        reason = explain(error)
        return [Finding(UNSEEN, f"{what}: {reason}", reason.advice)]


def check_services(aws: Aws, stage: str, variables: dict[str, str]) -> list[Finding]:
    """Say whether each of the stage's services, the web server first, runs what its tag names."""
    tagged = image_digest(aws, variables["ECR_IMAGE_URL"], stage)
    web, *processes = variables["SERVICE_NAME"].split()
    look = (aws, stage, variables["CLUSTER_ARN"], tagged)
    return [check_service(*look, web), *(check_service(*look, name, name) for name in processes)]


def check_service(
    aws: Aws, stage: str, cluster: str, tagged: str | None, name: str, process: str = ""
) -> Finding:
    """Say whether a service runs the image that the stage's tag names."""
    found = aws.ask("ecs", "describe-services", "--cluster", cluster, "--services", name)
    service = next(iter(found["services"]), None)
    if service is None or service["status"] != "ACTIVE":
        return Finding(MISSING, f"service {name} in {cluster}", "make setup")
    return judge_service(stage, service, tagged, running_digests(aws, cluster, name), process)


def running_digests(aws: Aws, cluster: str, service: str) -> set[str]:
    """Return the digests of the images that a service's own containers run.

    A container that has not begun to run has none.
    """
    where = ("--cluster", cluster)
    tasks = aws.ask("ecs", "list-tasks", *where, "--service-name", service)["taskArns"]
    found = []
    for first in range(0, len(tasks), MOST_TASKS):
        asked = ("describe-tasks", *where, "--tasks", *tasks[first : first + MOST_TASKS])
        found += aws.ask("ecs", *asked)["tasks"]
    digests = {own_container(task, service).get("imageDigest") for task in found}
    return {digest for digest in digests if digest}


def judge_service(
    stage: str, service: dict, tagged: str | None, running: set[str], process: str = ""
) -> Finding:
    """Say how a service is doing: the web server, unless it is a process."""
    wanted, runs = service["desiredCount"], service["runningCount"]
    what = f"{process} of {stage}" if process else stage
    if tagged is None:
        return Finding(
            MISSING,
            f"{what} has no image yet",
            "git commit --allow-empty --message Deploy && git push",
        )
    if wanted == 0:
        state = NOTE if process else MISSING
        return Finding(state, f"{what} has an image but wants 0 containers", "make setup")
    if runs < wanted:
        events = "aws ecs describe-services --query 'services[0].events[:5].message'"
        which = f"--cluster {service['clusterArn']} --services {service['serviceName']}"
        return Finding(WRONG, f"{what} runs {runs} of {wanted} containers", f"{events} {which}")
    if running != {tagged}:
        told = ", ".join(sorted(running))
        return Finding(
            WRONG,
            f"{what} runs {told}, its tag names {tagged}",
            f"gh workflow run stage.yml --field stage={stage} --field image={stage}",
        )
    return Finding(GOOD, f"{what} runs {runs} of {wanted} containers of {tagged}")


def check_wanted(cluster: Cluster, secret: str) -> list[Finding]:
    """Say which variables a stage lacks that the settings want."""
    wanted = wanted_variables()
    if not wanted:
        return []
    try:
        known = set_by_stage(cluster) | read(cluster.aws, secret).values.keys()
    except SetupError as error:
        return [Finding(WRONG, f"variables of {cluster.stage}: {error}", error.advice)]
    return [
        Finding(
            MISSING,
            f"{cluster.stage} has no variable {name}, which the settings want",
            f"python3 -m deploy config {cluster.stage} {name}",
        )
        for name in sorted(wanted - known - image_variables().keys() - {"DATABASE_URL"})
    ]


def check_schedules(aws: Aws, stage: str, cluster: str, names: list[str]) -> list[Finding]:
    """Say how each schedule's last run ended; `cluster` is the name of the stage's."""
    runs = last_runs(aws, cluster)
    findings = []
    for name in names:
        run, what = runs.get(name), f"schedule {name} of {stage}"
        if run is None:
            findings.append(Finding(NOTE, f"{what} has not run within {DAYS} days"))
        elif run.failure:
            log = f"aws logs tail /ecs/{cluster} --since {DAYS}d {aws.options}"
            findings.append(Finding(WRONG, f"{what} failed at {run.ended}: {run.failure}", log))
        else:
            findings.append(Finding(GOOD, f"{what} ran until {run.ended}"))
    if refused := refused_starts(aws, cluster):
        calls = "aws cloudtrail lookup-events --lookup-attributes"
        which = f"AttributeKey=EventName,AttributeValue=RunTask {aws.options}"
        what = f"AWS did not start {refused} scheduled runs of {stage} within {DAYS} days"
        findings.append(Finding(WRONG, what, f"{calls} {which}"))
    return findings


def lacks_name(stacks: StageStacks) -> bool:
    """Return whether a stage that is new has neither a name nor leave to go without."""
    return stacks.stacks[SERVICE] is None and not REACHED_BY & {*stacks.switches, *stacks.chosen}


def judge_production(stage: str, service: Stack, database: Stack | None) -> list[Finding]:
    """Return what a stage's service and its own database lack.

    A stage without an own stack for its database uses one that somebody else looks after.
    """
    has = service.parameters
    lacks = []
    if not has.get("CertificateArn"):
        what = "serves plain HTTP: passwords and sessions can be read on the way"
        lacks.append((what, 'domain = "shop.example.com"'))
    if int(has["DesiredCount"]) < 2:
        what = (
            f"wants {has['DesiredCount']} containers: one zone of AWS's, one mishap, and it is away"
        )
        lacks.append((what, "containers = { least = 2 }"))
    if database and database.parameters.get("DatabaseMultiAz") == "false":
        what = "has no standby database: a failure lasts as long as a restore"
        lacks.append((what, "database = { standby = true }"))
    if not has.get("AlarmTopicArn"):
        lacks.append(("has alarms that tell nobody", 'alarms = "team@example.com"'))
    return [
        Finding(NOTE, f"{stage} {what}", f"[{stage}] {mend} in stages.toml, then `make setup`")
        for what, mend in lacks
    ]


def undeployed(branch: str, workflow: Path = WORKFLOW) -> Finding | None:
    """Return what is wrong where a push to the default branch would deploy nothing."""
    if not workflow.is_file():
        return None
    found = BRANCHES.search(workflow.read_text())
    if not found:
        return None  # no list of branches: a push to any of them starts it
    named = [word.strip(" \"'") for word in found[1].split(",")]
    if any(fnmatchcase(branch, pattern) for pattern in named):
        return None
    edit = f"sed -i.bak 's/branches: \\[.*\\]/branches: [{branch}]/' .github/workflows/*.yml"
    return Finding(
        WRONG,
        f"a push to {branch} deploys nothing: .github/workflows/{workflow.name} names"
        f" {', '.join(named)}",
        f"{edit} && git commit --all --message 'Deploy {branch}'",
    )
