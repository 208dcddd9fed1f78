"""CloudWatch Logs: log groups whose streams are read from where they are written.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

import re
from collections.abc import Callable
from typing import Any

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.ecs.launching import Line
from template.rehearsal.ecs.names import region

MOST_EVENTS = 10_000
MOST_STREAMS = 50
TERMS = re.compile(r'"([^"]*)"|([\w./:-]+)')

Params = dict[str, Any]
Streams = Callable[[], dict[str, list[Line]]]


class Logs:
    """The service `logs` of the AWS double.

    A group is a function that returns what its streams hold now: lines of text with the moments
    at which they were written, in seconds since the epoch.
    """

    name = "logs"

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], Streams] = {}
        self._operations: dict[str, Callable[[Params], dict]] = {
            "GetLogEvents": self._get_log_events,
            "FilterLogEvents": self._filter_log_events,
            "DescribeLogStreams": self._describe_log_streams,
        }

    def add_group(self, name: str, place: str, streams: Streams) -> None:
        """Create a log group in a region."""
        self._groups[place, name] = streams

    def authorizations(self, operation: str, params: Params) -> list[Authorization]:
        """The permissions that a call needs. Raises AwsError.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        """
        if operation not in self._operations:
            raise AwsError(
                "UnknownOperationException", f"The rehearsal's Logs do not play {operation}."
            )
        resource = f"log-group:{_group_name(params)}"
        if operation == "GetLogEvents":
            resource += f":log-stream:{params['logStreamName']}"
        return [Authorization(f"logs:{operation}", arn("logs", resource, region()))]

    def call(self, operation: str, params: Params) -> dict:
        """Make a call of `authorizations`; the output is in the API's shape. Raises AwsError."""
        return self._operations[operation](params)

    def _streams(self, params: Params) -> dict[str, list[Line]]:
        group = self._groups.get((region(), _group_name(params)))
        if not group:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return group()

    def _get_log_events(self, params: Params) -> dict:
        streams = self._streams(params)
        if params["logStreamName"] not in streams:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        lines = _between(streams[params["logStreamName"]], params)
        first, last = _page(params, len(lines))
        return {
            "events": [_event(line) for line in lines[first:last]],
            "nextForwardToken": f"f/{last:056}",
            "nextBackwardToken": f"b/{first:056}",
        }

    def _filter_log_events(self, params: Params) -> dict:
        wanted = params.get("logStreamNames")
        prefix = params.get("logStreamNamePrefix", "")
        terms = _terms(params.get("filterPattern", ""))
        found = [
            {"logStreamName": name, "eventId": f"{name}#{number}", **_event(line)}
            for name, lines in self._streams(params).items()
            if name.startswith(prefix) and (wanted is None or name in wanted)
            for number, line in enumerate(_between(lines, params))
            if all(term in line[1] for term in terms)
        ]
        found.sort(key=lambda event: event["timestamp"])
        return _paged("events", found, params, MOST_EVENTS)

    def _describe_log_streams(self, params: Params) -> dict:
        prefix = params.get("logStreamNamePrefix", "")
        group = _group_name(params)
        found = [
            _stream(group, name, lines)
            for name, lines in self._streams(params).items()
            if name.startswith(prefix)
        ]
        by_time = params.get("orderBy") == "LastEventTime"
        found.sort(
            key=lambda each: (
                each.get("lastEventTimestamp", 0) if by_time else 0,
                each["logStreamName"],
            ),
            reverse=params.get("descending", False),
        )
        return _paged("logStreams", found, params, MOST_STREAMS)


def _group_name(params: Params) -> str:
    identifier = params.get("logGroupName") or params.get("logGroupIdentifier")
    if not identifier:
        raise AwsError("InvalidParameterException", "Log group name or identifier is required.")
    return identifier.rpartition(":log-group:")[2].removesuffix(":*")


def _between(lines: list[Line], params: Params) -> list[Line]:
    start = params.get("startTime", 0)
    end = params.get("endTime", float("inf"))
    return [line for line in lines if start <= _milliseconds(line[0]) < end]


def _page(params: Params, count: int) -> tuple[int, int]:
    limit = params.get("limit", MOST_EVENTS)
    direction, _, position = params.get("nextToken", "").partition("/")
    if direction == "f" or (not direction and params.get("startFromHead")):
        first = int(position or 0)
        return min(first, count), min(first + limit, count)
    last = int(position) if direction else count
    return max(last - limit, 0), last


def _paged(name: str, found: list[dict], params: Params, most: int) -> dict:
    first = int(params.get("nextToken", 0))
    last = first + params.get("limit", most)
    more = {"nextToken": str(last)} if last < len(found) else {}
    return {name: found[first:last], **more}


def _terms(pattern: str) -> list[str]:
    """The words that a line must have. Raises AwsError for patterns of another kind."""
    if TERMS.sub("", pattern).strip():
        raise AwsError(
            "InvalidParameterException",
            f"The rehearsal's Logs play filter patterns of plain terms only, not {pattern!r}.",
        )
    return [quoted or plain for quoted, plain in TERMS.findall(pattern)]


def _event(line: Line) -> dict[str, Any]:
    moment = _milliseconds(line[0])
    return {"timestamp": moment, "message": line[1], "ingestionTime": moment}


def _stream(group: str, name: str, lines: list[Line]) -> dict[str, Any]:
    moments = [_milliseconds(moment) for moment, _ in lines]
    events = (
        {
            "firstEventTimestamp": moments[0],
            "lastEventTimestamp": moments[-1],
            "lastIngestionTime": moments[-1],
        }
        if moments
        else {}
    )
    own_arn = arn("logs", f"log-group:{group}:log-stream:{name}", region())
    return {"logStreamName": name, "arn": own_arn, "storedBytes": 0, **events}


def _milliseconds(moment: float) -> int:
    return int(moment * 1000)
