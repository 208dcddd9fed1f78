"""CloudWatch Logs, with a group of three streams."""

import pytest

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.logs import Logs
from template.rehearsal.aws.sessions import Caller, caller
from template.tests.pipeline.stages import checked

GROUP = "/ecs/app"
STREAMS = {
    "web/web/1": [(100.0, "one"), (101.5, "two"), (103.0, "three")],
    "web/web/2": [(102.0, "two and a half")],
    "job/job/3": [],
}


@pytest.fixture
def logs():
    """The service with its one group."""
    service = Logs()
    service.add_group(GROUP, "eu-central-1", lambda: STREAMS)
    return service


def read(logs, operation, **params):
    """Call the service for its group."""
    return checked(logs, operation, {"logGroupName": GROUP, **params})


def messages(answer):
    """The messages of an answer."""
    return [event["message"] for event in answer["events"]]


def test_events_of_a_stream(logs):
    """A stream's lines come with their moments in milliseconds, oldest first."""
    answer = read(logs, "GetLogEvents", logStreamName="web/web/1")
    assert messages(answer) == ["one", "two", "three"]
    assert answer["events"][1] == {"timestamp": 101500, "message": "two", "ingestionTime": 101500}


def test_limit_takes_the_last_events(logs):
    """A limit keeps the newest events, unless one asks from the head."""
    last = read(logs, "GetLogEvents", logStreamName="web/web/1", limit=2)
    first = read(logs, "GetLogEvents", logStreamName="web/web/1", limit=2, startFromHead=True)
    assert messages(last) == ["two", "three"]
    assert messages(first) == ["one", "two"]


def test_tokens_lead_back_and_forth(logs):
    """The backward token leads to earlier events, the forward token to later ones."""
    asked = {"logStreamName": "web/web/1", "limit": 2}
    last = read(logs, "GetLogEvents", **asked)
    earlier = read(logs, "GetLogEvents", **asked, nextToken=last["nextBackwardToken"])
    later = read(logs, "GetLogEvents", **asked, nextToken=earlier["nextForwardToken"])
    assert messages(earlier) == ["one"]
    assert messages(later) == ["two", "three"]


def test_end_of_a_stream_repeats_its_token(logs):
    """Past the last event there is nothing, and the token stays the same."""
    asked = {"logStreamName": "web/web/1"}
    token = read(logs, "GetLogEvents", **asked)["nextForwardToken"]
    end = read(logs, "GetLogEvents", **asked, nextToken=token)
    assert (end["events"], end["nextForwardToken"]) == ([], token)


def test_times_bound_the_events(logs):
    """The start is included, the end is not."""
    answer = read(logs, "GetLogEvents", logStreamName="web/web/1", startTime=101500, endTime=103000)
    assert messages(answer) == ["two"]


def test_stream_that_nobody_wrote(logs):
    """A container that never ran has no stream."""
    with pytest.raises(AwsError, match="The specified log stream does not exist") as refusal:
        read(logs, "GetLogEvents", logStreamName="web/web/9")
    assert refusal.value.code == "ResourceNotFoundException"


@pytest.mark.parametrize("name", ["/ecs/other", "/ecs"])
def test_unknown_group(logs, name):
    """A group is found by its whole name."""
    with pytest.raises(AwsError, match="The specified log group does not exist") as refusal:
        read(logs, "GetLogEvents", logGroupName=name, logStreamName="web/web/1")
    assert refusal.value.code == "ResourceNotFoundException"


def test_group_of_another_region(logs, session):
    """A group exists in its own region only."""
    token = caller.set(Caller(session, "eu-west-1"))
    try:
        with pytest.raises(AwsError, match="log group does not exist"):
            read(logs, "DescribeLogStreams")
    finally:
        caller.reset(token)


def test_group_by_its_arn(logs):
    """A group may be named by its ARN."""
    arn = f"arn:aws:logs:eu-central-1:123456789012:log-group:{GROUP}"
    asked = {"logGroupIdentifier": arn, "logStreamName": "web/web/2"}
    assert messages(checked(logs, "GetLogEvents", asked)) == ["two and a half"]


def test_group_has_to_be_named(logs):
    """Without a group there is nothing to read."""
    with pytest.raises(AwsError, match="Log group name or identifier is required") as refusal:
        checked(logs, "GetLogEvents", {"logStreamName": "web/web/1"})
    assert refusal.value.code == "InvalidParameterException"


def test_filter_merges_streams(logs):
    """A filter reads all streams in the order of time."""
    answer = read(logs, "FilterLogEvents")
    assert messages(answer) == ["one", "two", "two and a half", "three"]
    assert answer["events"][2]["logStreamName"] == "web/web/2"
    assert len({event["eventId"] for event in answer["events"]}) == 4


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"filterPattern": "two"}, ["two", "two and a half"]),
        ({"filterPattern": "half two"}, ["two and a half"]),
        ({"filterPattern": '"and a"'}, ["two and a half"]),
        ({"filterPattern": "Two"}, []),
        ({"logStreamNames": ["web/web/2"]}, ["two and a half"]),
        ({"logStreamNamePrefix": "job/"}, []),
        ({"startTime": 102000}, ["two and a half", "three"]),
    ],
)
def test_filter(logs, asked, found):
    """A filter keeps events with every term, of the streams and times asked for."""
    assert messages(read(logs, "FilterLogEvents", **asked)) == found


def test_filter_pattern_of_another_kind(logs):
    """Patterns that are more than terms are refused instead of misread."""
    with pytest.raises(AwsError, match="plain terms only") as refusal:
        read(logs, "FilterLogEvents", filterPattern="{ $.level = error }")
    assert refusal.value.code == "InvalidParameterException"


def test_filter_in_pages(logs):
    """A page ends with the token of the next one, the last page without."""
    first = read(logs, "FilterLogEvents", limit=3)
    second = read(logs, "FilterLogEvents", limit=3, nextToken=first["nextToken"])
    assert messages(first) + messages(second) == ["one", "two", "two and a half", "three"]
    assert "nextToken" not in second


def test_streams_by_name(logs):
    """Streams come in the order of their names, with their first and last moments."""
    streams = read(logs, "DescribeLogStreams")["logStreams"]
    assert [each["logStreamName"] for each in streams] == ["job/job/3", "web/web/1", "web/web/2"]
    assert (streams[1]["firstEventTimestamp"], streams[1]["lastEventTimestamp"]) == (100000, 103000)
    assert streams[1]["arn"].endswith(":log-group:/ecs/app:log-stream:web/web/1")
    assert "lastEventTimestamp" not in streams[0]


def test_streams_by_time(logs):
    """The stream that was written last comes first when one asks so."""
    asked = {"orderBy": "LastEventTime", "descending": True, "limit": 1}
    (newest,) = read(logs, "DescribeLogStreams", **asked)["logStreams"]
    assert newest["logStreamName"] == "web/web/1"


def test_streams_by_prefix(logs):
    """A prefix selects streams."""
    streams = read(logs, "DescribeLogStreams", logStreamNamePrefix="web/web/2")["logStreams"]
    assert [each["logStreamName"] for each in streams] == ["web/web/2"]


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("GetLogEvents", {"logStreamName": "web/web/1"}, "log-group:/ecs/app:log-stream:web/web/1"),
        ("FilterLogEvents", {}, "log-group:/ecs/app"),
        ("DescribeLogStreams", {}, "log-group:/ecs/app"),
    ],
)
def test_permissions(logs, operation, params, resource):
    """Reading a stream needs permission for the stream, everything else for the group."""
    (needed,) = logs.authorizations(operation, {"logGroupName": GROUP, **params})
    assert needed.action == f"logs:{operation}"
    assert needed.resource == f"arn:aws:logs:eu-central-1:123456789012:{resource}"


def test_operation_that_is_not_played(logs):
    """Other operations are refused by name."""
    with pytest.raises(AwsError, match="do not play PutLogEvents"):
        logs.authorizations("PutLogEvents", {})
