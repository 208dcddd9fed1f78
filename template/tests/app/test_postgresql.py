"""The production service on a PostgreSQL server of its own."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import requests
from requests.adapters import HTTPAdapter, Retry

from template.tests import exhaustive, postgresql
from template.tests.app.commands import manage, runserver
from tests.conftest import PRODUCTION

ADMINISTRATOR = "-c application_name=administrator"
KILL = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
    "WHERE usename = 'app' AND application_name <> 'administrator'"
)
SHOW = (
    "from django.db import connection;"
    "print(connection.cursor().execute('SHOW statement_timeout').fetchone()[0])"
)
SECRETS = {name: PRODUCTION[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS")}
HTTPS = {"Host": "example.com", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def database_url(postgresql_programs: Path) -> Iterator[str]:
    """The URL of a server with the tables of the application."""
    with postgresql.server(postgresql_programs) as url:
        manage("migrate", **PRODUCTION | {"DATABASE_URL": url})
        yield url


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[str]:
    """The URL of the service on that database, open to anybody's writes and without limits."""
    environment = {"DATABASE_URL": database_url, "ANONYMOUS_RATE": "off"}
    with runserver(**PRODUCTION | environment, ANONYMOUS_WRITES="true") as url:
        yield url


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    """A client behind the load balancer."""
    with requests.Session() as session:
        session.headers.update(HTTPS)
        # The server may close an idle connection just when the next request goes out.
        again = Retry(3, backoff_factor=0.1, allowed_methods=None)
        session.mount("http://", HTTPAdapter(max_retries=again))
        yield session


def test_lost_connections_are_replaced(service, browser, database_url):
    """A service whose connections the database cut answers the very next request."""
    with psycopg.connect(database_url, autocommit=True, options=ADMINISTRATOR) as administrator:
        for path in ("/itemslist", "/health/ready"):
            assert browser.get(service + path).status_code == 200
            assert (True,) in administrator.execute(KILL).fetchall()
            assert browser.get(service + path).status_code == 200


@pytest.mark.parametrize("path", ["/users/", "/item/", "/admin/", "/itemslist", "/ping"])
@pytest.mark.parametrize("cookie", ['sessionid="\\000abc"', "sessionid=%00", "sessionid=\xff"])
def test_hostile_cookies(service, browser, path, cookie):
    """No cookie of somebody anonymous is a server error."""
    browser.headers["Cookie"] = cookie.encode("latin-1")
    assert browser.get(service + path, allow_redirects=False).status_code < 500


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\N{TEACUP WITHOUT HANDLE}" * 300])
@pytest.mark.parametrize("where", ["json", "form", "path", "query", "cursor", "login"])
def test_hostile_texts(service, browser, where, text):
    """No text of somebody anonymous is a server error, wherever it stands."""
    raw = quote(text.encode(errors="surrogatepass"))
    escaped = text.encode("unicode_escape" if text.isascii() else "ascii", "backslashreplace")
    body = b'{"title": "%s"}' % escaped.replace(b"\\x00", b"\\u0000")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    responses = {
        "json": lambda: browser.put(
            f"{service}/itemslist", data=body, headers={"Content-Type": "application/json"}
        ),
        "form": lambda: browser.put(f"{service}/itemslist", data=f"title={raw}", headers=form),
        "path": lambda: browser.get(f"{service}/itemslist/{raw}"),
        "query": lambda: browser.get(f"{service}/itemslist?page_size={raw}&x={raw}"),
        "cursor": lambda: browser.get(f"{service}/itemslist?cursor={raw}"),
        "login": lambda: log_in(browser, service, raw),
    }
    assert responses[where]().status_code < 500


def log_in(browser: requests.Session, service: str, name: str) -> requests.Response:
    """The response to a wrong password for the name, with headers that are as long."""
    url = f"{service}/api-auth/login/"
    token = browser.get(url).cookies["csrftoken"]
    return browser.post(
        url,
        data=f"csrfmiddlewaretoken={token}&username={name}&password=wrong&next={name}",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={token}",
            "Origin": "https://example.com",
            "User-Agent": "a" * 3000,
            "Accept": "text/html," + "a" * 3000,
        },
    )


@exhaustive.MARK
def test_libpq_variables_connect(database_url, tmp_path):
    """libpq's variables, two of them in files, lead to the same database as the URL."""
    url = urlsplit(database_url)
    libpq = {"PGHOST": url.hostname or "", "PGPORT": str(url.port), "PGDATABASE": url.path[1:]}
    for name, value in {"PGUSER": url.username, "PGPASSWORD": "not asked for"}.items():
        (tmp_path / name).write_text(f"{value}\n")
        libpq[f"{name}_FILE"] = str(tmp_path / name)
    assert "[X] 0001_initial" in manage("showmigrations", "itemslist", **SECRETS, **libpq)
    assert "(1 row)" in manage("dbshell", "--", "-c", "SELECT 1", **SECRETS, **libpq)


@exhaustive.MARK
def test_requests_time_out_and_migrations_do_not(database_url):
    """A query of a request ends after 30 seconds or PGOPTIONS; one of a command may take long."""
    environment = PRODUCTION | {"DATABASE_URL": database_url}
    web = f"import itemsAPP.wsgi; {SHOW}"
    assert manage("shell", "--no-imports", "-c", SHOW, **environment) == "0\n"
    assert manage("shell", "--no-imports", "-c", web, **environment) == "30s\n"
    environment["PGOPTIONS"] = "-c statement_timeout=5s"
    assert manage("shell", "--no-imports", "-c", web, **environment) == "5s\n"
