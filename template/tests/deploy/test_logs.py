"""`logs`: readable on a terminal, JSON in a pipe, each line once."""

import json
import os
import signal
import subprocess
import sys

import pytest

from deploy.parameters import TEMPLATES
from template.tests.deploy.operations import NOW
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.programs import RefusedError

LOGS = ("logs", "staging", "--since", "2026-11-26T07:00")
REQUEST = "2f1b0c1e-6f2e-4f2a-9c57-0d5b3f7a1c11"


def mozlog(severity=6, **fields):
    """Return a line as dockerflow writes it."""
    entry = {"Timestamp": 1, "Type": "request.summary", "Severity": severity, "Fields": fields}
    return json.dumps(entry)


@pytest.fixture
def stage(healthy):
    """A stage with a log of nine lines, of two processes."""
    messages = [
        mozlog(msg="GET /itemslist/ 200", t=12, rid=REQUEST),
        mozlog(4, msg="The database does not answer.", rid=REQUEST),
        "Applying items.0002... OK",
        mozlog(3, msg="Internal Server Error", traceback="Uncaught exception:\n  File x\n"),
        '{"some": "other JSON"}',
        mozlog(count=3),
    ]
    for number, message in enumerate(messages):
        write(healthy.cloud, message, number)
    for number in (6, 7, 8):
        write(healthy.cloud, f"task {number} done", number, "worker")
    return healthy


def write(cloud, message, seconds, process="web"):
    """Let a process write a line so many seconds after the present."""
    stream = f"{process}/{process}/0a1b2c3d"
    event = {"logStreamName": stream, "timestamp": int(NOW * 1000) + 1000 * seconds}
    cloud.events.append(event | {"eventId": str(len(cloud.events)), "message": message})


def test_terminal(stage):
    """On a terminal a line has time, process, level, message and the request's id."""
    lines = stage.operate_at_terminal(*LOGS).out.splitlines()
    assert lines == [
        f"2026-11-26 08:00:00 web INFO     GET /itemslist/ 200 12 ms [{REQUEST}]",
        f"2026-11-26 08:00:01 web WARNING  The database does not answer. [{REQUEST}]",
        "2026-11-26 08:00:02 web Applying items.0002... OK",
        "2026-11-26 08:00:03 web ERROR    Internal Server Error",
        "    Uncaught exception:",
        "      File x",
        '2026-11-26 08:00:04 web {"some": "other JSON"}',
        '2026-11-26 08:00:05 web INFO     {"count": 3}',
        "2026-11-26 08:00:06 worker task 6 done",
        "2026-11-26 08:00:07 worker task 7 done",
        "2026-11-26 08:00:08 worker task 8 done",
    ]


def test_pipe(stage):
    """In a pipe each line is a JSON object, with the message's own JSON in it."""
    lines = [json.loads(line) for line in stage.operate(*LOGS).out.splitlines()]
    assert len(lines) == 9
    assert lines[0] == {
        "time": "2026-11-26T08:00:00.000+00:00",
        "process": "web",
        "task": "0a1b2c3d",
        "message": json.loads(stage.cloud.events[0]["message"]),
    }
    assert lines[2]["message"] == "Applying items.0002... OK"


@pytest.mark.parametrize(
    "message",
    [
        "[1, 2]",
        '{"Severity": [], "Fields": {}}',
        '{"Severity": 99, "Fields": {"msg": "x"}}',
        '{"Severity": true, "Fields": []}',
        "[" * 100_000,
        '{"Severity": 6, "Fields": {"msg": ["x"], "rid": {"a": 1}, "traceback": 3, "t": null}}',
        "",
    ],
)
def test_strange_messages(healthy, message):
    """Whatever an application writes is shown in some way, on both."""
    write(healthy.cloud, message, 0)
    shown = healthy.operate_at_terminal(*LOGS)
    assert shown.code == 0
    assert shown.out.startswith("2026-11-26 08:00:00 web")
    assert json.loads(healthy.operate(*LOGS).out)["process"] == "web"


def test_terminal_gets_no_commands(healthy):
    """A line cannot clear the screen, or hide another one; JSON escapes what it says."""
    write(healthy.cloud, mozlog(msg="a\x1b[2J\rb\x9b1m", rid="\x1b]0;title\x07"), 0)
    assert "web INFO     a[2Jb1m []0;title]" in healthy.operate_at_terminal(*LOGS).out
    assert "\x1b" not in healthy.operate(*LOGS).out


def test_process(stage):
    """One process alone can be shown."""
    stage.write_stages('[staging.processes]\nworker = "celery worker"')
    assert stage.run("setup").code == 0
    out = stage.operate(*LOGS, "--process", "worker").out
    assert {json.loads(line)["process"] for line in out.splitlines()} == {"worker"}
    assert len(out.splitlines()) == 3


def test_process_that_is_not_there(stage):
    """A process that the stage does not have is refused."""
    outcome = stage.operate(*LOGS, "--process", "wroker")
    assert_refused(stage, outcome, "There is no service wroker in the cluster shop-staging.")


def test_request(stage):
    """The lines of one request can be shown."""
    lines = stage.operate(*LOGS, "--request", REQUEST).out.splitlines()
    assert len(lines) == 2
    assert all(REQUEST in line for line in lines)


@pytest.mark.parametrize("wrong", ['a" "b', "?a ?b", "", "a" * 201])
def test_request_that_cannot_be(healthy, wrong):
    """An id that would be another pattern of CloudWatch's is refused."""
    outcome = healthy.operate("logs", "staging", f"--request={wrong}")
    if wrong:
        assert_refused(healthy, outcome, "cannot be the id of a request")
        assert healthy.desk.calls == []
    else:
        assert outcome.code == 0


@pytest.mark.parametrize(
    ("since", "first"),
    [("2026-11-26T08:00:05", 5), ("2026-11-26T09:00:05+01:00", 5), ("2026-11-26T08:00:08Z", 8)],
)
def test_since_a_moment(stage, since, first):
    """Lines from a moment on, in UTC unless it says otherwise."""
    lines = stage.operate("logs", "staging", "--since", since).out.splitlines()
    assert len(lines) == 9 - first


@pytest.mark.parametrize("since", ["90s", "15m", "2h", "3d", "1w", "9999w"])
def test_since_a_duration(healthy, since):
    """A duration is counted back from now."""
    healthy.operate("logs", "staging", "--since", since)
    (call,) = [call for call in healthy.desk.calls if "filter-log-events" in call.words]
    assert int(call.words[call.words.index("--start-time") + 1]) >= 0


@pytest.mark.parametrize("since", ["yesterday", "1y", "-1h", "1", "h", "10000w"])
def test_since_that_cannot_be(healthy, since):
    """Another word is refused with what it can be."""
    outcome = healthy.operate("logs", "staging", f"--since={since}")
    assert_refused(healthy, outcome, f"--since {since} cannot be.", "90s, 15m, 2h, 3d or 1w")


def test_nothing_written(healthy):
    """Where there is nothing, that is said beside the output."""
    outcome = healthy.operate(*LOGS)
    assert (outcome.code, outcome.out) == (0, "")
    assert "staging has written nothing like that since 2026-11-26T07:00." in outcome.err


def follow(workplace, *additions):
    """Follow a log while lines are added, one before each look; Ctrl-C ends it."""
    left = list(additions)

    def before(words):
        if words[2:3] != ("filter-log-events",) or "--next-token" in " ".join(words):
            return
        if left:
            left.pop(0)()
        else:
            os.kill(os.getpid(), signal.SIGINT)

    workplace.desk.before = before
    return workplace.operate(*LOGS, "--follow")


def test_follow(stage):
    """New lines come as they are written, late ones too, each once; Ctrl-C ends it quietly."""
    outcome = follow(
        stage,
        lambda: None,
        lambda: write(stage.cloud, "new", 60),
        lambda: write(stage.cloud, "late", 60 - 25, "worker"),
        lambda: None,
    )
    messages = [json.loads(line)["message"] for line in outcome.out.splitlines()]
    assert messages[9:] == ["new", "late"]
    assert len(messages) == 11
    assert (outcome.code, outcome.err) == (130, "")


def test_follow_from_nothing(healthy):
    """A log without a line is followed too, without a word about it."""
    outcome = follow(healthy, lambda: None, lambda: write(healthy.cloud, "first", 0))
    assert json.loads(outcome.out)["message"] == "first"
    assert outcome.err == ""


def test_follow_while_aws_does_not_answer(stage):
    """Four failures in a row are nothing, and five are told."""

    def fail():
        raise RefusedError("An error occurred (ThrottlingException): Rate exceeded", 254)

    outcome = follow(stage, *[fail] * 4, lambda: None)
    assert (outcome.code, len(outcome.out.splitlines())) == (130, 9)
    outcome = follow(stage, lambda: None, *[fail] * 5)
    assert outcome.code == 1
    assert "AWS asks for patience" in outcome.err


def test_log_that_is_not_there(healthy):
    """A stage without its log group ends with what AWS says."""
    healthy.cloud.lost_groups = {"/ecs/shop-production"}
    outcome = healthy.operate("logs", "production")
    assert_refused(healthy, outcome, "The specified log group does not exist.")


def test_reader_that_leaves(stage):
    """`logs | head` ends without a word."""
    words = f"{sys.executable} -m deploy {' '.join(LOGS)} | head -n 1"
    environment = {"PATH": f"{stage.programs}:/usr/bin:/bin", "GH_REPO": "acme/shop"}
    environment["PYTHONPATH"] = str(TEMPLATES.parents[1])
    for number in range(2000):
        write(stage.cloud, "x" * 100, 10 + number)
    ended = subprocess.run(
        ["bash", "-c", f"{words}; echo ${{PIPESTATUS[0]}}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(ended.stdout.splitlines()) == 2
    assert ended.stdout.endswith("\n0\n")
    assert ended.stderr == ""
