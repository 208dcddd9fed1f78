"""The containers of a stage: following the first, replacing all, and saying why they stop."""

import time
from functools import partial
from typing import Any

from deploy.aws import Aws, patiently
from deploy.cluster import Cluster, own_container
from deploy.console import say
from deploy.errors import ProgramError, SetupError
from deploy.stacks import Stack

POLL_SECONDS = 10
# A container is up within two minutes; ECS waits longer and longer between its attempts.
START_SECONDS = 900
# So many containers that have stopped will not be followed by one that runs.
MOST_STOPPED = 3
STEADY = "has reached a steady state"
WAIT_SECONDS = 1800
AGAIN = (
    "Mend the reason, then release: `gh workflow run stage.yml --field stage={0} --field image={0}`"
)


def follow_start(aws: Aws, stage: str, service: Stack) -> None:
    """Wait until a stage's first containers run and are healthy.

    Raises SetupError with what ECS and their log say where they stop, or after 15 minutes.
    """
    started = time.monotonic()
    cluster = Cluster(aws, stage, service.name, service.outputs["ServiceName"], service)
    told = cluster.service()
    newest = told["events"][0]["message"] if told["events"] else ""
    if STEADY in newest and told["runningCount"] >= max(told["desiredCount"], 1):
        return
    # Autoscaling raises the count a moment after the stack is deployed, hence no count of 0 here.
    earlier = {event["id"] for event in told["events"]}
    stopped_before = stopped_tasks(cluster, cluster.web)
    last = ""
    while True:
        told = cluster.service()
        news = [event["message"] for event in told["events"] if event["id"] not in earlier]
        counts = f"{told['runningCount']} running, {told['pendingCount']} pending"
        line = f"{counts}, {told['desiredCount']} desired. {news[0] if news else ''}"
        if line != last:
            say(f"             {line}")
            last = line
        if told["desiredCount"] and any(STEADY in message for message in news):
            return
        ended = stopped_tasks(cluster, cluster.web)
        stopped = [task for task in ended if task not in stopped_before]
        late = time.monotonic() - started > START_SECONDS
        if late or len(stopped) >= MOST_STOPPED:
            # ECS waits longer and longer: what stopped before may be all that there is to tell.
            tell = (stopped or stopped_before)[:MOST_STOPPED]
            what = "do not run after 15 minutes" if late else f"stop: {len(stopped)} have ended"
            why = explain(cluster, cluster.web, tell)
            raise failed(stage, f"The first containers of {stage} {what}.", told, why)
        time.sleep(POLL_SECONDS)


def failed(stage: str, what: str, told: dict, why: list[str]) -> SetupError:
    """Return the error for a stage whose first containers do not stay."""
    events = [f"  ECS says: {event['message']}" for event in told["events"][:3]]
    return SetupError(
        "\n".join([what, *events, *why]),
        "Mend the reason (docs/troubleshooting.md) and deploy; ECS goes on trying, and `make"
        f" setup` follows it again. To stop it: `make setup {stage.upper()}_PARAMETERS="
        "DesiredCount=0`.",
    )


def stopped_tasks(cluster: Cluster, service: str) -> list[str]:
    """Return the service's tasks that have stopped within the last hour."""
    which = ("--service-name", service, "--desired-status", "STOPPED")
    return cluster.ask("list-tasks", *which)["taskArns"]


def explain(cluster: Cluster, service: str, tasks: list[str]) -> list[str]:
    """Return why a service's tasks stopped, a line each, and the last lines of the last one's log."""
    told = cluster.ask("describe-tasks", "--tasks", *tasks)["tasks"] if tasks else []
    if not told:  # ECS forgets them within the hour
        return []
    found = [task | {"containers": [own_container(task, service)]} for task in told]
    return [*(f"  {reason_of(task)}" for task in found), *last_lines(cluster, found[-1])]


def last_lines(cluster: Cluster, task: dict) -> list[str]:
    """Return the end of a task's log, or that there is none."""
    name = task["containers"][0]["name"]
    stream = f"{name}/{name}/{task['taskArn'].rpartition('/')[2]}"
    where = ("--log-group-name", cluster.log_group, "--log-stream-name", stream)
    try:
        events = cluster.aws.ask("logs", "get-log-events", *where, "--limit", "20")["events"]
    except ProgramError:
        return ["  It wrote no log, so its command never ran."]
    return ["  The end of its log:", *(f"    {event['message']}" for event in events)]


def reason_of(task: dict) -> str:
    """Return why a task stopped: its own reason, its container's, and the exit code."""
    container = task["containers"][0]
    told = [task.get("stoppedReason", ""), container.get("reason", "")]
    if "exitCode" in container:
        told.append(f"exit code {container['exitCode']}")
    return f"{task['taskArn'].rpartition('/')[2]}: {'; '.join(filter(None, told))}"


def redeploy(cluster: Cluster) -> list[str]:
    """Start new containers of every service, and return the services once only those run.

    A service without containers has nothing to replace. Raises SetupError where ECS goes back to
    the old ones, or after half an hour.
    """
    deployments = {}
    for service in cluster.services():
        name = service["serviceName"]
        if service["desiredCount"]:
            asked = ("update-service", "--service", name, "--force-new-deployment")
            deployments[name] = primary(cluster.ask(*asked)["service"])["id"]
    waiting, began = dict(deployments), time.monotonic()
    said: dict[str, str] = {}
    while waiting:
        for name, deployment in list(waiting.items()):
            service = patiently(partial(cluster.service, name), POLL_SECONDS)
            if is_over(cluster, service, deployment):
                del waiting[name]
            elif (line := progress(service)) != said.get(name):
                say(f"             {line}")
                said[name] = line
        if waiting and time.monotonic() - began > WAIT_SECONDS:
            raise failed_deployment(cluster, min(waiting), "is not over after half an hour")
        time.sleep(POLL_SECONDS if waiting else 0)
    return list(deployments)


def primary(service: dict[str, Any]) -> dict[str, Any]:
    """Return the deployment that decides what a service runs."""
    return next(one for one in service["deployments"] if one["status"] == "PRIMARY")


def is_over(cluster: Cluster, service: dict[str, Any], deployment: str) -> bool:
    """Return whether a deployment, or one that took its place, has ended well.

    Raises SetupError where it has not.
    """
    newest = primary(service)
    name, reason = service["serviceName"], newest.get("rolloutStateReason", "")
    if newest["id"] != deployment and "roll" in reason:
        raise failed_deployment(cluster, name, f"was rolled back: {reason}")
    # Between two looks ECS may have gone back, and have completed that.
    end = f"{deployment}) deployment failed"
    if told := [event["message"] for event in service["events"] if end in event["message"]]:
        raise failed_deployment(cluster, name, f"was rolled back: {told[0]}")
    if newest.get("rolloutState") == "FAILED":
        raise failed_deployment(cluster, name, f"failed: {reason}")
    return newest.get("rolloutState") == "COMPLETED"


def progress(service: dict[str, Any]) -> str:
    """Return in a line how a deployment is doing."""
    newest = primary(service)
    counts = f"{newest['runningCount']} of {newest['desiredCount']} new containers run"
    return f"{service['serviceName']}: {counts}"


def failed_deployment(cluster: Cluster, name: str, what: str) -> SetupError:
    """Return the error for a deployment that did not end well, with what its containers wrote."""
    why = explain(cluster, name, stopped_tasks(cluster, name)[:1])
    return SetupError(
        "\n".join([f"The deployment of {name} {what}. The variables stay as you set them.", *why]),
        f"{AGAIN.format(cluster.stage)}.",
    )
