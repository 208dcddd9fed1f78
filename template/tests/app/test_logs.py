"""Each request leaves one line in the log, which says enough to find it and nothing secret."""

import json
import logging
import logging.config
import re

import pytest
from rest_framework import status
from tests.app.conftest import PRODUCTION, settings_from
from tests.app.people import person

pytestmark = pytest.mark.django_db
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def lines(caplog):
    """A function that returns the fields of the request lines so far."""
    caplog.set_level(logging.INFO)
    names = ("agent", "method", "path", "status", "uid")
    return lambda: [
        {name: getattr(record, name) for name in names}
        for record in caplog.records
        if record.name == "request.summary"
    ]


def test_line_of_a_request(anonymous, lines, caplog):
    """The line tells method, path, status and time, but neither query, cookies nor body."""
    headers = {"User-Agent": "tea/1", "Cookie": "a=secret", "Authorization": "Basic c2VjcmV0"}
    anonymous.post("/itemslist?password=secret", {"title": "secret"}, headers=headers)
    expected = {
        "agent": "tea/1",
        "method": "POST",
        "path": "/itemslist/",
        "status": 403,
        "uid": None,
    }
    assert lines() == [expected]
    assert caplog.records[-1].getMessage() == "POST /itemslist/ 403"
    assert caplog.records[-1].t >= 0
    assert "secret" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize("address", ["/itemslist/", "/admin/"])
def test_line_names_the_user(client, lines, address):
    """The line tells the id of whoever is signed in."""
    user = person("superuser")
    client.force_login(user)
    client.get(address)
    assert [line["uid"] for line in lines()] == [user.pk]


def test_line_costs_no_query(client, lines, django_assert_num_queries):
    """A line about a page that does not ask for the user does not either."""
    client.force_login(person("user"))
    with django_assert_num_queries(0):
        client.get("/version")
    assert [line["uid"] for line in lines()] == [None]


@pytest.mark.parametrize("address", ["/health/live", "/health/ready/"])
def test_probes_leave_no_line(client, lines, address):
    """The load balancer's probes, one every few seconds, are not logged."""
    assert client.get(address).status_code == status.HTTP_200_OK
    assert lines() == []


def test_failing_request_can_be_found(client, monkeypatch, lines, caplog):
    """A server error leaves its traceback beside the line of the request."""
    monkeypatch.setattr("itemslist.models.ItemList.save", lambda *_, **__: 1 / 0)
    client.raise_request_exception = False
    client.post("/itemslist/", {"title": "tea"})
    assert [line["status"] for line in lines()] == [500]
    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert error.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize(("address", "path"), [("/a%0Ab", "/a%0Ab"), ("/é", "/%C3%A9")])
def test_line_is_one_line(client, lines, caplog, address, path):
    """No path can break out of its line, or write another one."""
    client.get(address)
    assert [line["path"] for line in lines()] == [path]
    assert "\n" not in caplog.records[-1].getMessage()


@pytest.mark.parametrize("given", ["Root=1-67891233-abcdef012345678912345678", "a" * 128])
def test_request_id_is_kept(client, given):
    """A request that has an id keeps it."""
    response = client.get("/version", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", 'a"', "é", "a\x01"])
def test_request_id_is_made(client, given):
    """A request without an id that is fit for a log gets one."""
    response = client.get("/version", headers={"X-Request-ID": given})
    assert re.fullmatch(UUID, response.headers["X-Request-ID"])


@pytest.fixture
def configured_logging(settings):
    """The way to configure the logging, which is undone afterwards."""
    yield logging.config.dictConfig
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.parametrize(
    ("environment", "pattern"),
    [(PRODUCTION, r"{.+}"), ({}, r"[-\d]+ [:,\d]+ INFO request.summary GET /version/ 200")],
    ids=["production", "demo"],
)
def test_lines_on_standard_output(client, demo, configured_logging, capsys, environment, pattern):
    """In production a line is a JSON object, in the demo it is for people; both go to stdout."""
    configured_logging(settings_from(**demo, **environment)["LOGGING"])
    client.get("/version", headers={"X-Request-ID": "abc"})
    logging.getLogger().handlers[0].flush()
    assert re.fullmatch(f"{pattern}\n", capsys.readouterr().out)


def test_json_line(client, configured_logging, capsys):
    """The JSON tells the request's id, and what the line says besides."""
    configured_logging(settings_from(**PRODUCTION)["LOGGING"])
    client.get("/version", headers={"X-Request-ID": "abc"})
    logging.getLogger().handlers[0].flush()
    line = json.loads(capsys.readouterr().out)
    assert (line["Type"], line["Logger"], line["Severity"]) == ("request.summary", "itemsAPP", 6)
    fields = {name: line["Fields"][name] for name in ("msg", "rid", "status", "uid")}
    assert fields == {"msg": "GET /version/ 200", "rid": "abc", "status": 200, "uid": None}
