"""How the schedules of a stage ran: deploy/infra/schedules.yml keeps an event of each run."""

import json
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from deploy.aws import Aws

DAYS = 7
GROUP = "schedule:"


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
    container = task["containers"][0]
    code = container.get("exitCode")
    why = container.get("reason") or task.get("stoppedReason", "")
    failure = "" if code == 0 else f"exit code {code}" if code is not None else why
    return Run(task["group"].removeprefix(GROUP), task["stoppedAt"], failure)


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
