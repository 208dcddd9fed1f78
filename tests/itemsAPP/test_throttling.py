"""How often one may ask, and guess at passwords."""

import pytest
from asgiref.sync import async_to_sync
from axes.models import AccessAttempt
from django.contrib.auth import aauthenticate
from rest_framework.test import APIClient
from rest_framework.throttling import AnonRateThrottle

from tests.conftest import PRODUCTION, settings_from

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]
LOGINS = pytest.mark.parametrize("url", ["/api-auth/login/", "/admin/login/"])


@pytest.fixture
def rate(monkeypatch):
    """Two requests a minute for those who are not signed in."""
    monkeypatch.setattr(AnonRateThrottle, "THROTTLE_RATES", {"anon": "2/minute"})


@pytest.fixture
def lockout(settings):
    """Two failures."""
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 2


def codes(client, times, **headers):
    """The status of so many requests."""
    return [client.get("/", headers=headers).status_code for _ in range(times)]


def log_in(url, password, username="ann", **options):
    """The status of an attempt to log in."""
    form = {"username": username, "password": password}
    return APIClient(**options).post(url, form, format="multipart").status_code


def test_anonymous_requests(anonymous, rate):
    """Beyond the rate the answer is 429, with the seconds to wait."""
    assert codes(anonymous, 3) == [200, 200, 429]
    assert 0 < int(anonymous.get("/").headers["Retry-After"]) <= 60


def test_signed_in_requests(user, rate):
    """Whoever is signed in is not limited."""
    assert set(codes(user, 4)) == {200}


def test_cache_is_away(anonymous, rate, settings, caplog):
    """While Redis does not answer nothing is limited, requests are served, and the log says so."""
    url = "redis://127.0.0.1:1/0"  # nobody listens there
    settings.CACHES = settings_from(**PRODUCTION, CACHE_URL=url)["CACHES"]
    settings.DJANGO_REDIS_IGNORE_EXCEPTIONS = True
    assert codes(anonymous, 4) == [200] * 4
    assert "django_redis.cache" in {record.name for record in caplog.records}


def test_header_of_a_client_is_not_believed(anonymous, rate):
    """Without a proxy before it, X-Forwarded-For makes nobody somebody else."""
    found = [codes(anonymous, 1, X_Forwarded_For=f"203.0.113.{number}") for number in range(3)]
    assert found == [[200], [200], [429]]


def test_header_of_a_proxy_is_believed(anonymous, rate, settings):
    """Behind one proxy the last address counts, whatever the client has put before it."""
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    spoofed = [f"198.51.100.{number}, 203.0.113.1" for number in range(3)]
    found = [codes(anonymous, 1, **{"X-Forwarded-For": header}) for header in spoofed]
    assert found == [[200], [200], [429]]
    assert codes(anonymous, 1, **{"X-Forwarded-For": "203.0.113.2"}) == [200]


@LOGINS
def test_lockout(make_user, lockout, url):
    """Whoever has failed too often is refused, with the right password too."""
    make_user("ann", password="correct horse", is_staff=True)
    assert [log_in(url, "wrong") for _ in range(3)] == [200, 429, 429]
    assert log_in(url, "correct horse") == 429


@LOGINS
def test_lockout_is_of_one_name_and_address(make_user, lockout, url):
    """A guesser locks out neither the owner of the name elsewhere nor other names."""
    for name in ("ann", "bob"):
        make_user(name, password="correct horse", is_staff=True)
    assert [log_in(url, "wrong") for _ in range(2)] == [200, 429]
    assert log_in(url, "correct horse", REMOTE_ADDR="203.0.113.9") == 302
    assert log_in(url, "correct horse", username="bob") == 302


def test_success_is_forgiven(make_user, lockout):
    """A failure before the right password does not count any more."""
    make_user("ann", password="correct horse")
    attempts = ["wrong", "correct horse", "wrong", "correct horse"]
    assert [log_in("/api-auth/login/", attempt) for attempt in attempts] == [200, 302, 200, 302]


def test_lockout_ends(make_user, lockout, settings):
    """After a while one may try again."""
    make_user("ann", password="correct horse")
    assert [log_in("/api-auth/login/", "wrong") for _ in range(2)] == [200, 429]
    settings.AXES_COOLOFF_TIME = -1  # an hour ago
    assert log_in("/api-auth/login/", "correct horse") == 302


@pytest.mark.django_db(transaction=True)
def test_lockout_of_asynchronous_logins(make_user, lockout, rf):
    """Django's asynchronous way to log in is limited too."""
    make_user("ann", password="correct horse")

    def log_in(password):
        request = rf.post("/")
        return async_to_sync(aauthenticate)(request, username="ann", password=password)

    assert log_in("correct horse").username == "ann"
    assert [log_in("wrong") for _ in range(2)] == [None, None]
    assert log_in("correct horse") is None


@pytest.mark.parametrize("username", ["a" * 300, "a" * 10_000, "\N{TEACUP WITHOUT HANDLE}" * 300])
def test_long_names(lockout, username):
    """A name that is longer than its column is wrong, and no server error."""
    assert log_in("/api-auth/login/", "wrong", username=username) == 200
    assert len(AccessAttempt.objects.get().username) == 255
