"""`python3 -m deploy logs`: what the containers of a stage write."""

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from deploy.aws import patiently
from deploy.cluster import Cluster, find_cluster
from deploy.console import remark, show
from deploy.errors import SetupError
from deploy.settings import Settings

POLL_SECONDS = 2
# So much later than an event's time it may be found, behind younger ones of other containers.
LATE_MILLISECONDS = 30_000
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# Of syslog, as in dockerflow's format: https://wiki.mozilla.org/Firefox/Services/Logging
SEVERITIES = ("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")


@dataclass(frozen=True)
class Wish:
    """Which lines: of a process, of a request, since when, and whether also those to come."""

    process: str = ""
    request: str = ""
    since: str = "1h"
    follow: bool = False


def logs(settings: Settings, stage: str, wish: Wish) -> None:
    """Print the log of a stage: for people on a terminal, else one JSON object a line.

    Goes on until Ctrl-C where the wish says so. Raises SetupError for a wish that cannot be.
    """
    since = beginning(wish.since, datetime.now(UTC))
    options = filters(wish)
    cluster = find_cluster(settings, stage)
    if wish.process:
        cluster.service(wish.process)  # refuses one that there is not
    log = Log(cluster, options, max(0, int(since.timestamp() * 1000)))
    write = readable if sys.stdout.isatty() else as_json
    print_new(log, write)
    if not (log.seen or wish.follow):
        remark(f"{stage} has written nothing like that since {wish.since}.")
    while wish.follow:
        time.sleep(POLL_SECONDS)
        print_new(log, write)


def print_new(log: "Log", write: Any) -> None:
    """Print what is new in a log, as soon as it comes."""
    for events in log.news():
        show([write(event) for event in events])


def beginning(since: str, now: datetime) -> datetime:
    """Return the moment that a duration such as 90s, 15m, 2h or 3d, or an ISO time, means."""
    if found := re.fullmatch(r"(\d{1,4})([smhdw])", since):
        return now - timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise SetupError(
            f"--since {since} cannot be.",
            "Give it as 90s, 15m, 2h, 3d or 1w, or as a time like 2026-11-26T08:30 (UTC).",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def filters(wish: Wish) -> list[str]:
    """Return the options that choose lines; raise SetupError for an id that cannot be."""
    options = []
    if wish.process:
        options += ["--log-stream-name-prefix", f"{wish.process}/"]
    if wish.request:
        if not re.fullmatch(r"[\w.:;=+/-]{1,200}", wish.request):
            raise SetupError(
                f"--request {wish.request!r} cannot be the id of a request.",
                "Take it from the response's header X-Request-ID, or from another line.",
            )
        options += ["--filter-pattern", f'"{wish.request}"']
    return options


class Log:
    """The log of a stage, read on from where the last look ended."""

    def __init__(self, cluster: Cluster, options: list[str], start: int) -> None:
        """`start` is in milliseconds since the epoch."""
        self.cluster, self.options, self.start = cluster, options, start
        self.seen: dict[str, int] = {}

    def news(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the events that have come since the last look, page by page."""
        start, token = self.start, ""
        while True:
            page = patiently(partial(self.page, start, token), POLL_SECONDS)
            yield self.unseen(page["events"])
            token = page.get("nextToken", "")
            if not token:
                return

    def page(self, start: int, token: str) -> dict[str, Any]:
        """Return a page of events; one without any may have a next one."""
        return self.cluster.aws.ask(
            *("logs", "filter-log-events", "--log-group-name", self.cluster.log_group),
            *("--start-time", str(start), *self.options, "--no-paginate"),
            *((f"--next-token={token}",) if token else ()),
        )

    def unseen(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the events that are new, by time, and look from a little before them next."""
        new = [event for event in events if event["eventId"] not in self.seen]
        self.seen |= {event["eventId"]: event["timestamp"] for event in new}
        newest = max(self.seen.values(), default=0)
        self.start = max(self.start, newest - LATE_MILLISECONDS)
        self.seen = {one: moment for one, moment in self.seen.items() if moment >= self.start}
        return sorted(new, key=lambda event: event["timestamp"])


def moment_of(event: dict[str, Any]) -> datetime:
    """Return when an event was written."""
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC)


def as_json(event: dict[str, Any]) -> str:
    """Return an event as a JSON object, in which a message that is one is one."""
    process, _, rest = event["logStreamName"].partition("/")
    told = {
        "time": moment_of(event).isoformat(timespec="milliseconds"),
        "process": process,
        "task": rest.rpartition("/")[2],
        "message": parse(event["message"]) or event["message"],
    }
    return json.dumps(told)


def parse(message: str) -> dict[str, Any] | None:
    """Return the JSON object that a message is, if it is one."""
    try:
        entry = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def readable(event: dict[str, Any]) -> str:
    """Return an event for people: time, process, and of dockerflow's format what matters."""
    beginning = f"{moment_of(event):%Y-%m-%d %H:%M:%S} {event['logStreamName'].partition('/')[0]}"
    entry = parse(event["message"]) or {}
    fields, severity = entry.get("Fields"), entry.get("Severity")
    if not (isinstance(fields, dict) and isinstance(severity, int) and 0 <= severity <= 7):
        return f"{beginning} {event['message'].rstrip()}"
    text = str(fields.get("msg") or fields.get("error") or json.dumps(fields))
    if "t" in fields:
        text += f" {fields['t']} ms"
    if request := fields.get("rid"):
        text += f" [{request}]"
    lines = str(fields.get("traceback") or "").splitlines()
    return "\n    ".join([f"{beginning} {SEVERITIES[severity]:<8} {text}", *lines])
