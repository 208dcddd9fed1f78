"""The environment decides the settings: a demo without it, a closed service with a database."""

import re
from pathlib import Path

import django
import pytest
from tests.app.conftest import LIBPQ, PRODUCTION, WITHOUT_DATABASE, settings_from

import itemsAPP.settings


def test_demo_needs_nothing(demo):
    """Without a database configured it is a demo on SQLite: local, open, and without HTTPS."""
    values = settings_from(**demo)
    assert values["DEBUG"] is values["HTTPS"] is values["PRODUCTION"] is False
    assert values["ANONYMOUS_WRITES"] is True
    assert values["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert values["SECURE_HSTS_SECONDS"] == 0
    assert values["SECURE_PROXY_SSL_HEADER"] is None
    assert values["LOGGING"]["handlers"]["stdout"]["formatter"] == "plain"
    database = values["DATABASES"]["default"]
    assert database["NAME"] == Path(demo["DATA_DIR"]) / "db.sqlite3"
    assert database["CONN_MAX_AGE"] == 60
    assert database["OPTIONS"] == {
        "init_command": "PRAGMA journal_mode = WAL",
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
    }


def test_production_needs_three_variables():
    """With a database, a key and the hosts it is a service: closed, by HTTPS, with JSON logs."""
    values = settings_from(**PRODUCTION)
    assert values["DEBUG"] is values["ANONYMOUS_WRITES"] is False
    assert values["HTTPS"] is values["PRODUCTION"] is True
    assert values["SECURE_HSTS_SECONDS"] == 3600
    assert values["CSRF_TRUSTED_ORIGINS"] == ["https://example.com", "https://*.example.org"]
    assert values["LOGGING"]["handlers"]["stdout"]["formatter"] == "json"
    database = values["DATABASES"]["default"]
    assert database["ENGINE"] == "itemsAPP.postgresql"
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (60, True)
    assert database["OPTIONS"] == {"connect_timeout": 5, "tcp_user_timeout": 30_000}


def test_libpq_variables():
    """libpq's own variables name the database too, the password as it is."""
    database = settings_from(**WITHOUT_DATABASE, **LIBPQ)["DATABASES"]["default"]
    assert [database[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")] == [
        *("db", 5432, "app", "ann", "p@ss/word")
    ]


def test_database_url_goes_before_libpq_variables():
    """DATABASE_URL wins over libpq's variables, and its options over ours."""
    url = "postgres://db.example.com/app?connect_timeout=1&sslmode=verify-full"
    environment = PRODUCTION | LIBPQ | {"DATABASE_URL": url}
    database = settings_from(**environment)["DATABASES"]["default"]
    assert database["HOST"] == "db.example.com"
    assert database["OPTIONS"]["connect_timeout"] == 1
    assert database["OPTIONS"]["sslmode"] == "verify-full"


def test_other_databases_have_no_options_of_ours():
    """Any database that Django knows will do."""
    values = settings_from(**PRODUCTION | {"DATABASE_URL": "mysql://ann:b@db/app"})
    assert values["DATABASES"]["default"]["ENGINE"] == "django.db.backends.mysql"
    assert values["DATABASES"]["default"]["OPTIONS"] == {}


def test_limits_of_a_demo(demo):
    """A demo limits guesses at passwords only, and believes no proxy."""
    values = settings_from(**demo)
    assert (values["ANONYMOUS_RATE"], values["LOGIN_RATE"]) == (None, (10, 60))
    assert values["REST_FRAMEWORK"]["NUM_PROXIES"] == 0
    assert values["MAX_BODY_BYTES"] == values["DATA_UPLOAD_MAX_MEMORY_SIZE"] == 1024**2


def test_limits_of_production():
    """Production limits strangers too, behind one load balancer, in the memory of each worker."""
    values = settings_from(**PRODUCTION)
    assert (values["ANONYMOUS_RATE"], values["LOGIN_RATE"]) == ((600, 60), (10, 60))
    assert values["REST_FRAMEWORK"]["NUM_PROXIES"] == 1
    assert values["CACHES"]["default"]["BACKEND"].endswith(".LocMemCache")


def test_limits_can_be_set():
    """Each limit is what its variable says, and workers may share their numbers."""
    url = "rediss://:p%40ss@cache.example.com:6380/2"
    rates = {"ANONYMOUS_RATE": "5/second", "LOGIN_RATE": "off"}
    numbers = {"MAX_BODY_BYTES": "5000", "NUM_PROXIES": "2", "CACHE_URL": url}
    values = settings_from(**PRODUCTION, **rates, **numbers)
    assert (values["ANONYMOUS_RATE"], values["LOGIN_RATE"]) == ((5, 1), None)
    assert values["REST_FRAMEWORK"]["NUM_PROXIES"] == 2
    assert values["DATA_UPLOAD_MAX_MEMORY_SIZE"] == 5000
    assert values["CACHES"]["default"]["LOCATION"] == url
    assert values["CACHES"]["default"]["BACKEND"].endswith(".RedisCache")


def test_lists_may_have_spaces():
    """Spaces around the commas of a list are ignored; IPv4 and IPv6 addresses are hosts too."""
    hosts = " example.com , 10.0.0.1 ,[::1]"
    values = settings_from(**PRODUCTION | {"ALLOWED_HOSTS": hosts})
    assert values["ALLOWED_HOSTS"] == ["example.com", "10.0.0.1", "[::1]"]


def test_origins_can_be_set():
    """Origins that are given are not derived from the hosts."""
    origins = "https://a.com:8443, https://*.b.com"
    values = settings_from(**PRODUCTION | {"CSRF_TRUSTED_ORIGINS": origins})
    assert values["CSRF_TRUSTED_ORIGINS"] == ["https://a.com:8443", "https://*.b.com"]


def test_https_can_be_switched_off():
    """Without HTTPS nothing redirects, and the cookies and origins are those of http."""
    values = settings_from(**PRODUCTION | {"HTTPS": "false"})
    assert values["SECURE_SSL_REDIRECT"] is values["SESSION_COOKIE_SECURE"] is False
    assert values["SECURE_PROXY_SSL_HEADER"] is None
    assert values["SECURE_HSTS_SECONDS"] == 0
    assert values["CSRF_TRUSTED_ORIGINS"] == ["http://example.com", "http://*.example.org"]


def test_secrets_may_come_as_files(tmp_path):
    """NAME_FILE names a file whose content, without the line's end, is the value."""
    environment = dict(LIBPQ)
    del environment["PGPASSWORD"]
    for name, value in (WITHOUT_DATABASE | {"PGPASSWORD": "secret"}).items():
        (tmp_path / name).write_text(f"{value}\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    values = settings_from(**environment)
    assert values["SECRET_KEY"] == PRODUCTION["SECRET_KEY"]
    assert values["DATABASES"]["default"]["PASSWORD"] == "secret"


def test_static_root(demo):
    """With a folder for them static files are compressed and named by content, else found."""
    found, collected = settings_from(**demo), settings_from(**demo, STATIC_ROOT="/app/static")
    assert found["WHITENOISE_USE_FINDERS"] is True
    assert "STORAGES" not in found
    assert collected["WHITENOISE_USE_FINDERS"] is False
    backend = collected["STORAGES"]["staticfiles"]["BACKEND"]
    assert backend == "whitenoise.storage.CompressedManifestStaticFilesStorage"


def test_image_build_needs_only_a_key(demo):
    """Where a key is given, whichever it is, the demo keeps none."""
    assert settings_from(SECRET_KEY="build", **demo)["SECRET_KEY"] == "build"
    assert not (Path(demo["DATA_DIR"]) / "secret-key").exists()


@pytest.mark.parametrize(("given", "commit"), [("", None), ("0123abc", "0123abc")])
def test_commit_may_be_unknown(demo, given, commit):
    """An image that was built without a commit has none."""
    assert settings_from(**demo, COMMIT_SHA=given)["COMMIT_SHA"] == commit


def test_settings_stay_readable():
    """The settings fit on 225 lines, and every link leads to the documentation of this Django."""
    text = Path(itemsAPP.settings.__file__).read_text()
    assert len(text.splitlines()) <= 225
    release = ".".join(map(str, django.VERSION[:2]))
    assert set(re.findall(r"docs\.djangoproject\.com/en/([\d.]+)/", text)) == {release}
