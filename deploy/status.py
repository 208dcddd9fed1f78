"""`python3 -m deploy status`: what runs in a stage, since when, and how it is doing."""

from typing import Any

from deploy.aws import commit_of, image_digest, read_time
from deploy.checks import check_schedules, judge_service, running_digests
from deploy.cluster import WEB, Cluster, find_cluster, find_stages
from deploy.commands import part_of_stack
from deploy.console import MISSING, NOTE, UNSEEN, Finding, heading, is_gap, print_findings, say
from deploy.errors import ProgramError, SetupError, explain
from deploy.settings import STAGES, Settings
from deploy.stacks import Stack, list_stacks
from deploy.start import primary
from deploy.templates import SCHEDULE

MOST_EVENTS = 3


def status(settings: Settings, stages: list[str]) -> None:
    """Print how these stages are doing, or all of them; raise SetupError where something is to be
    mended."""
    findings = []
    for stage in stages or settings.stages or find_stages(settings) or STAGES:
        try:
            findings += show_stage(find_cluster(settings, stage))
        except SetupError as error:
            heading(stage)
            findings += show(Finding(MISSING, str(error), error.advice))
    if gaps := sum(map(is_gap, findings)):
        raise SetupError(f"Things to mend: {gaps}.", "Run the commands after `mend:`.")


def show_stage(cluster: Cluster) -> list[Finding]:
    """Print what runs in a stage and how it is doing, and return the findings."""
    heading(f"{cluster.stage}: {cluster.stack.outputs['Url']}")
    findings = []
    for look in (show_services, show_schedules):
        try:
            findings += look(cluster)
        except ProgramError as error:
            reason = explain(error)
            findings += show(Finding(UNSEEN, str(reason), reason.advice))
    return findings


def show(finding: Finding, *details: str) -> list[Finding]:
    """Print a finding with its details below it, and return it."""
    print_findings([finding])
    for line in details:
        say(f"           {line}")
    return [finding]


def show_services(cluster: Cluster) -> list[Finding]:
    """Print every service of a stage, the web server first."""
    image_url = cluster.stack.parameters["EcrImageUrl"]
    tagged = image_digest(cluster.aws, image_url, cluster.stage)
    findings = []
    for service in cluster.services():
        running = running_digests(cluster.aws, cluster.name, service["serviceName"])
        finding = judge(cluster.stage, service, tagged, running)
        details = [since(service), *health(cluster, service)]
        if commit := commit_of(cluster.aws, image_url, min(running)) if running else "":
            details.insert(0, f"commit {commit}")
        findings += show(finding, ", ".join(details), *events(service))
    return findings


def judge(stage: str, service: dict[str, Any], tagged: str | None, running: set[str]) -> Finding:
    """Say how a service is doing, in doctor's words; one that is being deployed may run both."""
    name, rollout = service["serviceName"], primary(service).get("rolloutState")
    process = "" if name == WEB else name
    if rollout == "IN_PROGRESS" and service["desiredCount"]:
        counts = f"{service['runningCount']} of {service['desiredCount']} containers run"
        what = f"{process} of {stage}" if process else stage
        return Finding(NOTE, f"{what} is being deployed: {counts}")
    return judge_service(stage, service, tagged, running, process)


def since(service: dict[str, Any]) -> str:
    """Say since when a service has had its present deployment."""
    return f"deployed {read_time(primary(service)['createdAt']):%Y-%m-%d %H:%M} UTC"


def health(cluster: Cluster, service: dict[str, Any]) -> list[str]:
    """Say how many containers the load balancer finds healthy, and why others are not."""
    groups = [one["targetGroupArn"] for one in service["loadBalancers"] if "targetGroupArn" in one]
    if not groups:
        return []
    asked = ("elbv2", "describe-target-health", "--target-group-arn", groups[0])
    targets = cluster.aws.ask(*asked)["TargetHealthDescriptions"]
    states = [one["TargetHealth"] for one in targets]
    healthy = sum(one["State"] == "healthy" for one in states)
    others = {one.get("Description") or one["State"] for one in states if one["State"] != "healthy"}
    return [f"{healthy} of {len(states)} healthy", *sorted(others)]


def events(service: dict[str, Any]) -> list[str]:
    """Return the last events of a service, the newest first."""
    return [
        f"{read_time(event['createdAt']):%Y-%m-%d %H:%M} {event['message']}"
        for event in service["events"][:MOST_EVENTS]
    ]


def show_schedules(cluster: Cluster) -> list[Finding]:
    """Print how the last run of every schedule of a stage has ended."""
    parts = [part_of_stack(stack.name.removeprefix(cluster.name)) for stack in own_stacks(cluster)]
    names = sorted(part.command for part in parts if part and part.template == SCHEDULE)
    findings = check_schedules(cluster.aws, cluster.stage, cluster.name, names) if names else []
    print_findings(findings)
    return findings


def own_stacks(cluster: Cluster) -> list[Stack]:
    """Return the stacks of a stage."""
    whose = {name: cluster.stack.tags.get(name) for name in ("Project", "Stage")}
    return [one for one in list_stacks(cluster.aws) if whose.items() <= one.tags.items()]
