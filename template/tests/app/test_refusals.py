"""Production refuses an environment that is incomplete or makes no sense, and says all of it."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from tests.app.conftest import LIBPQ, PRODUCTION, WITHOUT_DATABASE, settings_from


def complaints(**environment):
    """The names of the variables that the refusal names, and its text."""
    with pytest.raises(ImproperlyConfigured) as error:
        settings_from(**environment)
    text = str(error.value)
    return re.findall(r"^  (\w+): ", text, re.MULTILINE), text


@pytest.mark.parametrize("variable", LIBPQ)
def test_one_libpq_variable_is_enough_to_be_strict(variable):
    """A service that lost most of its variables refuses to start, and does not become a demo."""
    names, _ = complaints(**{variable: "x"})
    assert set(names) == {"SECRET_KEY", "ALLOWED_HOSTS", *LIBPQ} - {variable}


def test_everything_is_said_at_once():
    """Every missing or nonsensical variable is named in one refusal, with what to do."""
    names, text = complaints(
        DATABASE_URL="nonsense", DEBUG="yess", HTTPS="perhaps", ANONYMOUS_WRITES="",
        HSTS_SECONDS="-1", LOG_LEVEL="LOUD", CSRF_TRUSTED_ORIGINS="example.com",
        ANONYMOUS_RATE="many", LOGIN_RATE="", MAX_BODY_BYTES="0", NUM_PROXIES="x", CACHE_URL="x",
    )  # fmt: skip
    assert sorted(names) == [
        *["ALLOWED_HOSTS", "ANONYMOUS_RATE", "ANONYMOUS_WRITES", "CACHE_URL"],
        *["CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "DEBUG", "HSTS_SECONDS", "HTTPS"],
        *["LOGIN_RATE", "LOG_LEVEL", "MAX_BODY_BYTES", "NUM_PROXIES", "SECRET_KEY"],
    ]
    assert "  DEBUG: Not a valid boolean. Set true or false.\n" in text
    assert "secrets.token_urlsafe(50)" in text
    assert "postgres://USER:PASSWORD@HOST:5432/NAME" in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *[
            ("SECRET_KEY", key)
            for key in ("", "secret", "changethis", "a" * 60, "x" * 20 + "abcd" * 7)
        ],
        ("SECRET_KEY", "django-insecure-" + PRODUCTION["SECRET_KEY"]),
        *[
            ("ALLOWED_HOSTS", hosts)
            for hosts in ("", ",", "*", "https://example.com", "a.com:80", "a b")
        ],
        *[
            ("ALLOWED_HOSTS", hosts)
            for hosts in ("example.com,", "a.com/b", "*.a.com", "a..com", "a_b")
        ],
        *[
            ("CSRF_TRUSTED_ORIGINS", origins)
            for origins in ("*", "a.com", "ftp://a.com", "https://a/b")
        ],
        *[("DATABASE_URL", url) for url in ("", "db", "postgres://u:p#w@db/app", "http://db/app")],
        *[("DATABASE_URL", url) for url in ("postgres://db", "postgres://db/")],
        *[("HSTS_SECONDS", number) for number in ("", "1h", "-1", "1.5")],
        *[(variable, "yess") for variable in ("DEBUG", "HTTPS", "ANONYMOUS_WRITES")],
        *[("LOG_LEVEL", level) for level in ("", "LOUD", "TRACE")],
        *[
            (variable, rate)
            for variable in ("ANONYMOUS_RATE", "LOGIN_RATE")
            for rate in (
                "",
                "10",
                "0/minute",
                "-1/minute",
                "10/min",
                "10/ minute",
                "1e3/day",
                "OFF",
            )
        ],
        *[("MAX_BODY_BYTES", number) for number in ("", "0", "-1", "1MiB", "1.5")],
        *[("NUM_PROXIES", number) for number in ("", "-1", "10", "one", "true")],
        *[
            ("CACHE_URL", url)
            for url in ("localhost", "http://cache", "redis://", "redis://h:port", "redis://h:0")
        ],
        *[
            ("CACHE_URL", url)
            for url in ("rediss://h/x", "redis://:p#w@h", "redis://[::1", "redis:h")
        ],
        ("SECRET_KEY_FILE", "/nonexistent/file"),
        ("SECRET_KEY_FILE", "/"),
    ],
)
def test_nonsense_is_refused(variable, value):
    """A value that makes no sense is refused by the name of its variable, and of no other."""
    names, text = complaints(**PRODUCTION | {variable: value})
    assert names == [variable.removesuffix("_FILE")]
    assert PRODUCTION["SECRET_KEY"] not in text
    assert "p#w" not in text


@pytest.mark.parametrize("variable", LIBPQ)
def test_empty_libpq_variable_is_refused(variable):
    """An empty part of the database's address is as good as none."""
    names, _ = complaints(**WITHOUT_DATABASE, **LIBPQ | {variable: ""})
    assert names == [variable]
