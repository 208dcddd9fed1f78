"""Replacing all containers of a stage by new ones of the same image, which read their secrets."""

import time
from typing import Any

from deploy.aws import patiently
from deploy.cluster import Cluster
from deploy.console import say
from deploy.errors import SetupError
from deploy.start import Watch

POLL_SECONDS = 10
WAIT_SECONDS = 1800  # as DEPLOY_TIMEOUT of release.yml
AGAIN = (
    "Mend the reason, then release: `gh workflow run stage.yml --field stage={0} --field image={0}`"
)


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
            service = patiently(lambda: cluster.service(name), POLL_SECONDS)  # noqa: B023 - at once
            if is_over(cluster, service, deployment):
                del waiting[name]
            elif (line := progress(service)) != said.get(name):
                say(f"             {line}")
                said[name] = line
        if waiting and time.monotonic() - began > WAIT_SECONDS:
            raise failed(cluster, min(waiting), "is not over after half an hour")
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
        raise failed(cluster, name, f"was rolled back: {reason}")
    if newest.get("rolloutState") == "FAILED":
        raise failed(cluster, name, f"failed: {reason}")
    return newest.get("rolloutState") == "COMPLETED"


def progress(service: dict[str, Any]) -> str:
    """Return in a line how a deployment is doing."""
    newest = primary(service)
    counts = f"{newest['runningCount']} of {newest['desiredCount']} new containers run"
    return f"{service['serviceName']}: {counts}"


def failed(cluster: Cluster, name: str, what: str) -> SetupError:
    """Return the error for a deployment that did not end well, with what its containers wrote."""
    watch = Watch(cluster.aws, cluster.name, name)
    why = watch.explain(watch.stopped()[:1])
    return SetupError(
        "\n".join([f"The deployment of {name} {what}. The variables stay as you set them.", *why]),
        f"{AGAIN.format(cluster.stage)}.",
    )
