"""What the load generator prints, and what it is asked."""

import shutil

import pytest

from template.bench import wrk
from template.rehearsal.machine import free_port

PRINTED = """Running 2s test @ http://127.0.0.1:8000/itemslist/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    15.09ms    5.83ms  51.10ms   50.00%
    Req/Sec     1.07k    99.50    1.19k    60.00%
  Latency Distribution
     50%   14.30ms
     75%   18.00ms
     90%   22.57ms
     99%    1.50s
  2129 requests in 2.00s, 1.66MB read
Requests/sec:   1064.26
Transfer/sec:    849.50KB
"""


def test_figures():
    """Requests, their rate, and two latencies in seconds are read."""
    assert wrk.parse(PRINTED) == wrk.Load(2129, 1064.26, 0.0143, 1.5)


@pytest.mark.parametrize(
    ("text", "seconds"), [("250us", 0.00025), ("1.5ms", 0.0015), ("2s", 2), ("1m", 60)]
)
def test_durations(text, seconds):
    """Each unit of wrk is turned into seconds."""
    assert wrk.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{PRINTED}  Non-2xx or 3xx responses: 3\n", "Non-2xx or 3xx responses: 3"),
        (f"{PRINTED}  Socket errors: connect 0, read 0, write 0, timeout 4\n", "timeout 4"),
        (PRINTED.replace("2129 requests", "0 requests"), "No request"),
        ("nothing", "wrk printed no"),
    ],
)
def test_failures_are_no_figures(text, reason):
    """A load in which requests failed, or none was answered, has no figures."""
    with pytest.raises(wrk.WrkError, match=reason):
        wrk.parse(text)


def test_connections_that_servers_close_are_no_failures():
    """A server that closes each connection after its answer is measured like the others."""
    errors = "  Socket errors: connect 0, read 12, write 0, timeout 0\n"
    assert wrk.parse(PRINTED + errors).requests == 2129


def test_without_wrk(monkeypatch):
    """Without wrk the message says how to install it."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(wrk.WrkError, match="apt-get install wrk"):
        wrk.run("http://127.0.0.1:1/", 1, 1, {})


@pytest.mark.usefixtures("wrk")
def test_nobody_listens():
    """A server that is not there is an error, with wrk's own words."""
    with pytest.raises(wrk.WrkError, match="unable to connect"):
        wrk.run(f"http://127.0.0.1:{free_port()}/", 1, 1, {})
