"""Strangers, and guesses at passwords, are limited by address and by name; nobody else is."""

import base64
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.core.cache import caches
from django.test import RequestFactory
from itemsAPP.environment import Rate, cache_at
from itemsAPP.throttling import Counters, Limit, ThrottledModelBackend, address_of
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from rest_framework import status
from rest_framework.exceptions import Throttled
from tests.app.commands import free_port
from tests.app.factories import UserFactory

from itemsAPP import throttling

LIMIT = 3
TOO_MANY = status.HTTP_429_TOO_MANY_REQUESTS
PASSWORD = "correct horse"
LOGINS = ("/admin/login/", "/api-auth/login/", "header")


@pytest.fixture(scope="module")
def redis(redis_server):
    """The settings that lead to a Redis server."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", "p@ss"]
    with subprocess.Popen([redis_server, *options], stdout=subprocess.DEVNULL) as process:
        patient = Retry(ConstantBackoff(0.1), 100)
        with Redis(port=port, password="p@ss", retry=patient) as client:
            client.ping()
            yield cache_at(f"redis://:p%40ss@127.0.0.1:{port}/0")
        process.terminate()


@pytest.fixture(params=["memory", "redis"])
def cache(request, settings):
    """An empty cache: that of the process, and one on a server."""
    server = request.getfixturevalue("redis") if request.param == "redis" else cache_at("")
    settings.CACHES = {"default": server}
    caches["default"].clear()
    yield caches["default"]
    caches["default"].close()


@pytest.fixture
def clock(monkeypatch):
    """The time, which stands still 18 seconds after a minute began, until it is changed."""
    clock = SimpleNamespace(now=1_800_000_018.0, monotonic=time.monotonic)
    clock.time = lambda: clock.now
    monkeypatch.setattr(throttling, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def limits(settings, monkeypatch, clock):
    """Low limits, fast passwords, and no memory of a cache that failed."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ANONYMOUS_RATE = settings.LOGIN_RATE = Rate(LIMIT, 60)
    monkeypatch.setattr(throttling, "counters", Counters())


@pytest.fixture
def proxies(settings):
    """A function that sets how many proxies are trusted."""

    def trust(number):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": number}

    return trust


@pytest.fixture
def account(limits, db):
    """Somebody with a password."""
    return UserFactory(username="ann", is_staff=True, password=make_password(PASSWORD))


def statuses(client, address, times=LIMIT + 1, **kwargs):
    """What the address answers, one time after the other."""
    return [client.head(address, **kwargs).status_code for _ in range(times)]


def log_in(client, way, username="ann", password=None, **kwargs):
    """The response to somebody who logs in, by one of the pages or in the header."""
    password = password or "wrong"
    if way == "header":
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        return client.get("/item/", headers={"Authorization": f"Basic {credentials}"}, **kwargs)
    return client.post(way, {"username": username, "password": password}, **kwargs)


def test_strangers_are_limited(anonymous, cache):
    """A stranger who asks too often is told when to come again, and may then."""
    assert statuses(anonymous, "/itemslist/") == [status.HTTP_200_OK] * LIMIT + [TOO_MANY]
    response = anonymous.get("/itemslist/")
    assert response.headers["Retry-After"] == "42"
    assert response.json() == {"detail": "Request was throttled. Expected available in 42 seconds."}
    assert anonymous.get("/itemslist/", REMOTE_ADDR="10.0.0.2").status_code == status.HTTP_200_OK


def test_limit_ends_with_its_period(anonymous, cache, clock):
    """In the next minute the count begins anew."""
    statuses(anonymous, "/itemslist/")
    clock.now += 42
    assert anonymous.get("/itemslist/").status_code == status.HTTP_200_OK


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/health/live", "/health/ready", "/version", "/static/admin/css/base.css"]
)
def test_probes_and_files_are_not_limited(anonymous, cache, address):
    """Health checks and static files are answered however often they are asked for."""
    statuses(anonymous, "/itemslist/")
    assert set(statuses(anonymous, address)) == {status.HTTP_200_OK}


def test_members_are_not_limited(user, cache):
    """Whoever is signed in may ask as often as they like."""
    assert set(statuses(user, "/itemslist/")) == {status.HTTP_200_OK}


def test_limits_can_be_off(anonymous, account, cache, settings):
    """A limit that is off does not exist."""
    settings.ANONYMOUS_RATE = settings.LOGIN_RATE = None
    assert set(statuses(anonymous, "/itemslist/")) == {status.HTTP_200_OK}
    answers = {log_in(anonymous, "header").status_code for _ in range(LIMIT + 1)}
    assert answers == {status.HTTP_403_FORBIDDEN}


@pytest.mark.parametrize(
    ("number", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (1, "2001:db8:1:2:3:4:5:6", "20010db800010002"),
        (1, "2001:db8:1:2::", "20010db800010002"),
        (1, "\x00 nonsense", "\x00 nonsense"),
        (1, "203.0.113.9:8080", "203.0.113.9:8080"),
    ],
)
def test_address(proxies, number, forwarded, address):
    """The address is the one that the trusted proxies saw, and of IPv6 its network."""
    proxies(number)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")
    assert address_of(request) == address


@pytest.mark.parametrize("number", [0, 1])
def test_address_cannot_be_invented(anonymous, cache, proxies, number):
    """Whoever writes a new X-Forwarded-For each time is limited all the same."""
    proxies(number)
    seen = ", 203.0.113.9" * number
    answers = [
        anonymous.get("/itemslist/", headers={"X-Forwarded-For": f"6.6.6.{part}{seen}"})
        for part in range(LIMIT + 1)
    ]
    assert answers[-1].status_code == TOO_MANY


@pytest.mark.parametrize("way", LOGINS)
def test_guesses_are_limited(anonymous, account, cache, way):
    """Past the limit no password is looked at, not even the right one, until the time is up."""
    answers = [log_in(anonymous, way).status_code for _ in range(LIMIT)]
    assert TOO_MANY not in answers
    response = log_in(anonymous, way, password=PASSWORD)
    assert response.status_code == TOO_MANY
    assert response.headers["Retry-After"] == "42"
    assert response.json()["detail"].startswith("Too many attempts to log in.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"REMOTE_ADDR": "10.0.0.2"}, TOO_MANY),
        ({"username": "bob"}, TOO_MANY),
        ({"REMOTE_ADDR": "10.0.0.2", "username": "bob"}, status.HTTP_403_FORBIDDEN),
    ],
    ids=["name", "address", "neither"],
)
def test_guesses_count_by_address_and_by_name(anonymous, account, cache, change, code):
    """The limit holds for an address whatever the names, and for a name whatever the addresses."""
    for _ in range(LIMIT):
        log_in(anonymous, "header")
    assert log_in(anonymous, "header", **change).status_code == code


def test_right_passwords_do_not_count(anonymous, account, cache):
    """Programs may sign each request with name and password, however many they send."""
    answers = {log_in(anonymous, "header", password=PASSWORD).status_code for _ in range(LIMIT + 2)}
    assert answers == {status.HTTP_200_OK}


def test_guesses_at_once_are_limited(cache, monkeypatch):
    """Many guesses at the same moment get no further than one after the other."""
    looked_at = []

    def slow(self, request, username, password):
        time.sleep(0.05)
        looked_at.append(password)

    def guess(password):
        with suppress(Throttled):
            ThrottledModelBackend().authenticate(RequestFactory().get("/"), "ann", str(password))

    monkeypatch.setattr(throttling.ModelBackend, "authenticate", slow)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(8)))
    assert len(looked_at) == LIMIT


def test_commands_are_not_limited(account, cache):
    """Where there is no client, as in a shell, a password may be tried at will."""
    assert all(authenticate(None, username="ann", password="wrong") is None for _ in range(9))
    assert authenticate(None, username="ann", password=PASSWORD) == account


def test_strange_names_count(cache):
    """A name that no text encoding knows, or no cache key could hold, counts like any other."""
    for name in ("\ud800", "\0", "a" * 10_000):
        limit = Limit(Rate(1, 60), "login-as", name)
        assert (limit.take(), limit.take()) == (True, False)


def test_without_the_cache_requests_are_served(anonymous, settings, caplog, account):
    """While the shared cache is down nothing is limited, and the log says so once."""
    settings.CACHES = {"default": cache_at(f"redis://127.0.0.1:{free_port()}/0")}
    assert set(statuses(anonymous, "/itemslist/")) == {status.HTTP_200_OK}
    assert log_in(anonymous, "header", password=PASSWORD).status_code == status.HTTP_200_OK
    [line] = [record for record in caplog.records if record.name == "itemsAPP.throttling"]
    assert line.getMessage().startswith("No limits for 10 seconds, the cache fails: ")


def test_cache_that_hangs_is_left_alone(anonymous, settings):
    """A cache that never answers is asked once, for half a second, and then left alone."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings.CACHES = {"default": cache_at(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")}
        begin = time.monotonic()
        assert set(statuses(anonymous, "/itemslist/")) == {status.HTTP_200_OK}
        assert time.monotonic() - begin < 10
        deaf.setblocking(False)
        deaf.accept()[0].close()
        with pytest.raises(BlockingIOError):
            deaf.accept()


def test_cache_comes_back(anonymous, settings, redis, monkeypatch):
    """When the cache answers again the limits hold again, for those who ask after the pause."""
    monkeypatch.setattr(Counters, "pause", 0)
    settings.CACHES = {"default": cache_at(f"redis://127.0.0.1:{free_port()}/0")}
    statuses(anonymous, "/itemslist/")
    settings.CACHES = {"default": redis}
    caches["default"].clear()
    assert statuses(anonymous, "/itemslist/")[-1] == TOO_MANY


def test_lost_connection_is_made_anew(anonymous, settings, redis, caplog):
    """A connection that the server has dropped costs no count, and no line in the log."""
    settings.CACHES = {"default": redis}
    caches["default"].clear()
    statuses(anonymous, "/itemslist/", times=LIMIT)
    with Redis.from_url(redis["LOCATION"]) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert anonymous.get("/itemslist/").status_code == TOO_MANY
    assert "cache fails" not in caplog.text
