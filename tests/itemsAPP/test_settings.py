"""The environment decides the settings: a demo without it, a closed service with a database."""

import stat
from pathlib import Path

import pytest
from environs import EnvValidationError

from tests.conftest import PRODUCTION, settings_from

LIBPQ = {"PGHOST": "db", "PGDATABASE": "app", "PGUSER": "ann", "PGPASSWORD": "p@ss/word"}
WITHOUT_DATABASE = {name: PRODUCTION[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS")}


@pytest.fixture
def demo(tmp_path):
    """The environment of a demo that keeps its data in a temporary folder."""
    return {"DATA_DIR": str(tmp_path / "data")}


def complaints(**environment):
    """What is wrong with the environment, by the name of the variable."""
    with pytest.raises(EnvValidationError) as error:
        settings_from(**environment)
    return error.value.error_messages


def database(**environment):
    """The settings of the database that the environment leads to."""
    return settings_from(**environment)["DATABASES"]["default"]


def test_demo_needs_nothing(demo):
    """Without a database configured it is a demo on SQLite: local, open, and without HTTPS."""
    values = settings_from(**demo)
    assert values["DEBUG"] is values["HTTPS"] is values["PRODUCTION"] is False
    assert values["ANONYMOUS_WRITES"] is True
    assert values["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert values["SECURE_PROXY_SSL_HEADER"] is None
    assert values["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]["anon"] is None
    assert values["DATABASES"]["default"]["NAME"] == Path(demo["DATA_DIR"]) / "db.sqlite3"
    assert values["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_demo_keeps_its_key(demo):
    """A demo finds the key again that it made at its first start, and nobody else can read it."""
    first, second = settings_from(**demo)["SECRET_KEY"], settings_from(**demo)["SECRET_KEY"]
    assert first == second
    assert len(first) >= 50
    file = Path(demo["DATA_DIR"]) / "secret-key"
    assert stat.filemode(file.stat().st_mode) == "-rw-------"
    file.write_text("")  # by a process that was killed
    assert settings_from(**demo)["SECRET_KEY"] not in ("", first)


def test_build_gives_the_key(demo):
    """With a key, whichever it is, the demo keeps none."""
    assert settings_from(SECRET_KEY="build", **demo)["SECRET_KEY"] == "build"
    assert list(Path(demo["DATA_DIR"]).iterdir()) == []


def test_production_needs_three_variables():
    """With a database, a key and the hosts it is a service: closed, and by HTTPS."""
    values = settings_from(**PRODUCTION)
    assert values["DEBUG"] is False
    assert values["ANONYMOUS_WRITES"] is False
    assert values["HTTPS"] is values["PRODUCTION"] is values["SESSION_COOKIE_SECURE"] is True
    assert values["SECURE_HSTS_SECONDS"] == 3600
    assert values["CSRF_TRUSTED_ORIGINS"] == ["https://example.com", "https://*.example.org"]
    assert values["NUM_PROXIES"] == values["REST_FRAMEWORK"]["NUM_PROXIES"] == 1
    assert values["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]["anon"] == "600/minute"


@pytest.mark.parametrize("variable", ["DATABASE_URL", "PGHOST", "PGDATABASE"])
@pytest.mark.parametrize("value", ["", "x"])
def test_database_makes_it_strict(variable, value):
    """A service that lost its other variables does not become a demo."""
    assert {"SECRET_KEY", "ALLOWED_HOSTS"} <= set(complaints(**{variable: value}))


@pytest.mark.parametrize("variable", ["PGUSER", "PGPASSWORD", "PGPORT", "PGSSLMODE"])
def test_variables_of_a_developers_shell(demo, variable):
    """What somebody has set for psql makes a demo no service."""
    assert settings_from(**demo, **{variable: "me"})["PRODUCTION"] is False


def test_everything_is_said_at_once():
    """Every missing or nonsensical variable is named in one refusal."""
    wrong = {
        "DATABASE_URL": "nonsense", "DEBUG": "yess", "HTTPS": "perhaps",
        "ANONYMOUS_WRITES": "",
        "HSTS_SECONDS": "-1", "LOG_LEVEL": "LOUD", "ANONYMOUS_RATE": "many", "MAX_BODY_BYTES": "0",
        "MAX_UPLOAD_BYTES": "1MB", "NUM_PROXIES": "x", "CACHE_URL": "x",
    }  # fmt: skip
    assert set(complaints(**wrong)) == {*wrong, "SECRET_KEY", "ALLOWED_HOSTS"}
    assert set(complaints(**{**WITHOUT_DATABASE, "PGHOST": ""})) == set(LIBPQ)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "changethis"),
        ("SECRET_KEY", "django-insecure-" + PRODUCTION["SECRET_KEY"]),
        ("ALLOWED_HOSTS", ""),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "example.com, *"),
        ("ALLOWED_HOSTS", "example.com,"),
        ("DATABASE_URL", "postgres://u:p#w@db/app"),
        ("DATABASE_URL", "http://db/app"),
        ("ANONYMOUS_RATE", "10/fortnight"),
        ("ANONYMOUS_RATE", "OFF"),
        ("CACHE_URL", "http://cache"),
        ("EMAIL_URL", "http://mail:p#w@mail"),
        ("EMAIL_URL", "smtp://ann:p#w@mail:x"),
        ("DB_POOL_SIZE", "0"),
        ("SENTRY_DSN", "sentry"),
        ("SENTRY_DSN", "https://p#w@sentry.example.com/1"),
        ("SENTRY_DSN", "https://key@sentry.example.com"),
    ],
)
def test_nonsense_is_refused(variable, value):
    """A value that makes no sense is refused, and not repeated."""
    found = complaints(**PRODUCTION | {variable: value})
    assert list(found) == [variable]
    assert "p#w" not in str(found)


@pytest.mark.parametrize("variable", LIBPQ)
def test_empty_libpq_variable_is_refused(variable):
    """An empty part of the database is as good as none."""
    assert list(complaints(**WITHOUT_DATABASE, **LIBPQ | {variable: ""})) == [variable]


def test_libpq_variables():
    """libpq's own variables name the database too, the password as it is."""
    values = database(**WITHOUT_DATABASE, **LIBPQ)
    found = [values[key] for key in ("HOST", "NAME", "USER", "PASSWORD")]
    assert found == ["db", "app", "ann", "p@ss/word"]


def test_secrets_may_come_as_files(tmp_path):
    """NAME_FILE names a file whose content, without the line's end, is the value."""
    environment = {"PGHOST": "db", "PGDATABASE": "app"}
    secrets = WITHOUT_DATABASE | {"PGUSER": "ann", "PGPASSWORD": "secret"}
    for name, value in secrets.items():
        (tmp_path / name).write_text(f"{value}\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    values = settings_from(**environment)
    assert values["SECRET_KEY"] == PRODUCTION["SECRET_KEY"]
    found = values["DATABASES"]["default"]
    assert (found["USER"], found["PASSWORD"]) == ("ann", "secret")
    assert type(found["USER"]) is type(found["PASSWORD"]) is str  # or dbshell cannot use them
    with pytest.raises(ValueError, match="SECRET_KEY_FILE"):
        settings_from(**PRODUCTION, SECRET_KEY_FILE="/nonexistent/file")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgis", "timescale"])
def test_pool(scheme):
    """PostgreSQL by any name has a pool, whose connections are checked, and none of its own age."""
    url = f"{scheme}://ann@db/app?sslmode=verify-full"
    values = database(**PRODUCTION | {"DATABASE_URL": url}, DB_POOL_SIZE="3")
    assert values["OPTIONS"]["pool"]["max_size"] == 3
    assert values["OPTIONS"]["connect_timeout"] == 5
    assert values["OPTIONS"]["sslmode"] == "verify-full"
    assert values["CONN_HEALTH_CHECKS"] is True
    assert values["CONN_MAX_AGE"] == 0


def test_options_of_the_url():
    """What DATABASE_URL says goes before our own options, and before libpq's variables."""
    url = "postgres://db.example.com/app?connect_timeout=1"
    values = database(**PRODUCTION | LIBPQ | {"DATABASE_URL": url})
    assert values["HOST"] == "db.example.com"
    assert values["OPTIONS"]["connect_timeout"] == 1


def test_other_databases_have_no_options_of_ours():
    """Any database that Django knows will do."""
    assert database(**PRODUCTION | {"DATABASE_URL": "mysql://ann:b@db/app"})["OPTIONS"] == {}


def test_sqlite_by_url(demo):
    """SQLite that somebody names lets readers and writers be, as the demo's does."""
    options = database(**PRODUCTION | {"DATABASE_URL": "sqlite:///db.sqlite3"})["OPTIONS"]
    assert options == database(**demo)["OPTIONS"]
    assert "WAL" in options["init_command"]


def test_cache(demo):
    """Workers share a Redis whose password may have any character, or each has its own memory.

    Sessions stay in the database, where nothing that is full drops them.
    """
    url = "rediss://ann:p%40ss@cache.example.com:6380/2"
    values = settings_from(**PRODUCTION, CACHE_URL=url)
    assert values["CACHES"]["default"]["LOCATION"] == url
    assert "SESSION_ENGINE" not in values
    assert "locmem" in settings_from(**demo)["CACHES"]["default"]["BACKEND"]
    assert "locmem" in settings_from(**demo, CACHE_URL="")["CACHES"]["default"]["BACKEND"]


def test_mail(demo):
    """SES sends where a sender is given, an SMTP server before it, and a demo prints."""
    sender = {"DEFAULT_FROM_EMAIL": "team@example.com"}
    values = settings_from(**PRODUCTION, **sender, AWS_REGION="eu-central-1")
    assert "amazon_ses" in values["EMAIL_BACKEND"]
    assert values["ANYMAIL"]["AMAZON_SES_CLIENT_PARAMS"]["region_name"] == "eu-central-1"
    url = "submission://ann:p%40ss@mail.example.com:2525"
    values = settings_from(**PRODUCTION, **sender, EMAIL_URL=url)
    assert (values["EMAIL_HOST"], values["EMAIL_PORT"]) == ("mail.example.com", 2525)
    assert (values["EMAIL_HOST_PASSWORD"], values["EMAIL_USE_TLS"]) == ("p@ss", True)
    assert values["DEFAULT_FROM_EMAIL"] == values["SERVER_EMAIL"] == "team@example.com"
    assert "console" in settings_from(**demo)["EMAIL_BACKEND"]
    assert settings_from(**PRODUCTION)["PASSWORD_RESET"] is False


@pytest.mark.parametrize("variable", ["DEFAULT_FROM_EMAIL", "AWS_STORAGE_BUCKET_NAME"])
def test_aws_needs_a_region(variable):
    """What AWS does for it, it does in a region."""
    assert list(complaints(**PRODUCTION, **{variable: "team@example.com"})) == ["AWS_REGION"]


def test_lists_may_have_spaces():
    """Spaces around the commas of a list are ignored."""
    values = settings_from(**PRODUCTION | {"ALLOWED_HOSTS": " example.com , 10.0.0.1 ,[::1]"})
    assert values["ALLOWED_HOSTS"] == ["example.com", "10.0.0.1", "[::1]"]


def test_origins_can_be_set():
    """Origins that are given are not derived from the hosts."""
    values = settings_from(**PRODUCTION, CSRF_TRUSTED_ORIGINS="https://a.com:8443, https://*.b.com")
    assert values["CSRF_TRUSTED_ORIGINS"] == ["https://a.com:8443", "https://*.b.com"]


def test_https_can_be_switched_off():
    """Without HTTPS nothing redirects, and the cookies and origins are those of http."""
    values = settings_from(**PRODUCTION, HTTPS="false")
    assert values["SECURE_SSL_REDIRECT"] is values["SESSION_COOKIE_SECURE"] is False
    assert values["SECURE_PROXY_SSL_HEADER"] is None
    assert values["SECURE_HSTS_SECONDS"] == 0
    assert values["CSRF_TRUSTED_ORIGINS"] == ["http://example.com", "http://*.example.org"]


def test_storages(demo):
    """Uploads always have a storage; static files are named by their content where collected."""
    found, collected = settings_from(**demo), settings_from(**demo, STATIC_ROOT="/app/static")
    assert "default" in found["STORAGES"]
    assert "default" in collected["STORAGES"]
    assert found["STORAGES"]["staticfiles"] != collected["STORAGES"]["staticfiles"]
    assert "Manifest" in collected["STORAGES"]["staticfiles"]["BACKEND"]
