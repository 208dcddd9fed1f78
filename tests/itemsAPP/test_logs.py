"""Each request has a line in the log, with what one looks for in the load balancer's."""

import json
import logging

import pytest
from dockerflow.logging import MozlogFormatter

pytestmark = pytest.mark.usefixtures("sandbox")


@pytest.fixture
def line(anonymous, caplog):
    """What the line of a request to the URL has."""

    def get(url="/private/", **options):
        caplog.clear()
        anonymous.get(url, **options)
        (record,) = [found for found in caplog.records if found.name == "request.summary"]
        return record

    caplog.set_level(logging.INFO)
    return get


def test_fields(line):
    """Who asked for what, and how it ended."""
    record = line("/private/?secret=1", headers={"User-Agent": "curl"})
    assert record.getMessage() == "GET /private/ 403"
    assert (record.method, record.path, record.status) == ("GET", "/private/", 403)
    assert (record.agent, record.client) == ("curl", "127.0.0.1")
    assert record.t >= 0


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, None, "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "nonsense", None),
    ],
)
def test_client_behind_proxies(line, settings, proxies, forwarded, client):
    """The client's address is what the proxies that one trusts have written."""
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert line(headers=headers).client == client


def test_trace_of_the_load_balancer(line):
    """The load balancer's id of a request is in the log, as it is in the load balancer's."""
    trace = "Root=1-67891233-abcdef012345678912345678"
    assert line(headers={"X-Amzn-Trace-Id": trace}).trace == trace


def test_request_id(anonymous):
    """Every response has an id, the client's own if it sent one."""
    first, second = (anonymous.get("/private/").headers["X-Request-ID"] for _ in range(2))
    assert len({first, second, ""}) == 3
    response = anonymous.get("/private/", headers={"X-Request-ID": "mine"})
    assert response.headers["X-Request-ID"] == "mine"


def test_probes_have_no_line(anonymous, caplog):
    """The load balancer asks too often."""
    caplog.set_level(logging.INFO)
    anonymous.get("/health/live")
    assert not caplog.records


@pytest.mark.parametrize("url", ["/%0d%0aevil", "/%1b[31m", "/\u202e"])
def test_nobody_writes_lines_of_their_own(line, url):
    """What a URL may not have raw is written as it came."""
    message = line(url).getMessage()
    assert message.isprintable()
    assert message.isascii()


def test_json(line):
    """In production a line is JSON, be it with a traceback."""
    record = line(headers={"User-Agent": 'a"\nb'})
    assert json.loads(MozlogFormatter().format(record))["Fields"]["agent"] == 'a"\nb'
