"""What doctor asks of variables, environments and services, on a desk as in a workflow."""

from collections.abc import Callable
from typing import Any

from deploy.aws import Aws, image_digest
from deploy.cluster import Cluster
from deploy.environments import NAMES, Environment
from deploy.errors import ProgramError, SetupError
from deploy.findings import GOOD, MISSING, NOTE, UNSEEN, WRONG, Finding
from deploy.image import image_variables
from deploy.refusals import explain
from deploy.reserved import set_by_stage
from deploy.schedules import DAYS, last_runs, refused_starts
from deploy.secret import read
from deploy.variables import contradictions, malformed
from deploy.wanted import wanted_variables


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
    return [
        Finding(WRONG, contradiction, "make setup") for contradiction in contradictions(variables)
    ]


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
            f"environment {name} has no {NAMES[protection]}",
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
    """Return the digests of the images that a service's containers run."""
    tasks = aws.ask("ecs", "list-tasks", "--cluster", cluster, "--service-name", service)[
        "taskArns"
    ]
    if not tasks:
        return set()
    told = aws.ask("ecs", "describe-tasks", "--cluster", cluster, "--tasks", *tasks)["tasks"]
    return {container.get("imageDigest", "") for task in told for container in task["containers"]}


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
