"""Strict, typed reading of environment variables: everything that is wrong is said at once."""

import contextlib
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.files import locks
from django.core.management.utils import get_random_secret_key
from django.utils.functional import lazy
from environs import EnvValidationError, FileAwareEnv, ValidationError

HOST = r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])"
LIBPQ_VARIABLES = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD")
BOOLEANS = ("DEBUG", "HTTPS", "ANONYMOUS_WRITES")
RATES = ("ANONYMOUS_RATE", "LOGIN_RATE")
PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
ADVICE = {
    "SECRET_KEY": "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
    "ALLOWED_HOSTS": "Name the hosts that people type, for example: "
    "example.com,.example.org (the dot stands for every subdomain). Health checks need no entry.",
    "CSRF_TRUSTED_ORIGINS": "For example: https://example.com,https://*.example.org",
    "DATABASE_URL": "For example: postgres://USER:PASSWORD@HOST:5432/NAME, special characters "
    "percent-encoded. Unset it for the demo on SQLite.",
    "HSTS_SECONDS": "Set the number of seconds.",
    "CACHE_URL": "For example: rediss://:PASSWORD@HOST:6379/0, special characters "
    "percent-encoded. Unset it to count in the memory of each process.",
    "NUM_PROXIES": "Set how many proxies stand before this service: 1 for a load balancer.",
    "MAX_BODY_BYTES": "Set the number of bytes, for example: 1048576",
    "LOG_LEVEL": "Set DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    **dict.fromkeys(BOOLEANS, "Set true or false."),
    **dict.fromkeys(RATES, "For example: 10/minute (or second, hour, day), or off for no limit."),
    **dict.fromkeys(
        LIBPQ_VARIABLES,
        "Set all of PGHOST, PGDATABASE, PGUSER and PGPASSWORD; unset them for the demo on SQLite.",
    ),
}


class Rate(NamedTuple):
    """How often something may happen."""

    number: int
    seconds: int


class Environment(FileAwareEnv):
    """Reads NAME, or the file that NAME_FILE names, and collects what is wrong until `seal`."""

    def __init__(self) -> None:
        super().__init__(eager=False, strip_whitespace=True)
        for parser in (cache_url, database_url, hosts, origins, rate, secret):
            self.add_parser(parser.__name__, parser)

    def has(self, *names: str) -> bool:
        """Whether one of the variables is set, be it to nothing."""
        return any(name in os.environ or f"{name}_FILE" in os.environ for name in names)

    def database(self) -> dict:
        """Django's settings of the database in DATABASE_URL, else in libpq's own variables."""
        if self.has("DATABASE_URL"):
            database = self.database_url("DATABASE_URL")
            return database and database | rotating(
                "DATABASE_URL",
                USER=lambda url: database_url(url)["USER"],
                PASSWORD=lambda url: database_url(url)["PASSWORD"],
            )
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": self.str("PGHOST", validate=filled),
            "PORT": self.int("PGPORT", 5432),
            "NAME": self.str("PGDATABASE", validate=filled),
            "USER": self.str("PGUSER", validate=filled),
            "PASSWORD": self.str("PGPASSWORD", validate=filled),
            **rotating("PGUSER", USER=str),
            **rotating("PGPASSWORD", PASSWORD=str),
        }

    def seal(self) -> None:
        """End the reading; raise ImproperlyConfigured with one line for each variable at fault."""
        try:
            super().seal()
        except EnvValidationError as error:
            lines = [
                " ".join([f"  {name}:", *messages, ADVICE.get(name, "")]).rstrip()
                for name, messages in error.error_messages.items()
            ]
            message = "\n".join(["These environment variables are not right:", *lines])
            raise ImproperlyConfigured(message) from None

    def _get_value(self, env_key: str, default: object) -> object:
        try:
            return super()._get_value(env_key, default)
        except ValueError as error:
            self._errors[env_key].append(str(error))
            return default


def rotating(name: str, **parts: Callable[[str], str]) -> dict[str, str]:
    """Parts of what is in the file of NAME_FILE, read anew whenever somebody connects."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return {}

    def read(part: Callable[[str], str]) -> str:
        return part(Path(file).read_text().strip())

    return {key: lazy(partial(read, part), str)() for key, part in parts.items()}


def filled(value: str) -> None:
    """Raise ValidationError for an empty value."""
    if not value:
        raise ValidationError("It is empty.")


def database_url(value: str) -> dict:
    """Django's settings of the database; raises ValidationError for a URL that names none."""
    try:
        database = dj_database_url.parse(value)
    except ValueError:
        raise ValidationError("Not a valid database URL.") from None
    if not database["NAME"]:
        raise ValidationError("It names no database.")
    return database


def cache_url(value: str) -> str:
    """The URL of a Redis server, or nothing; raises ValidationError for anything else."""
    try:
        url = urlsplit(value)
        valid = url.scheme in ("redis", "rediss") and url.hostname and url.port != 0
        valid = valid and re.fullmatch(r"/?\d*", url.path, re.ASCII)
    except ValueError:
        valid = False
    if value and not valid:
        raise ValidationError("Not a redis:// or rediss:// URL.")
    return value


def rate(value: str) -> Rate | None:
    """The rate, None for `off`; raises ValidationError for anything else."""
    if value == "off":
        return None
    found = re.fullmatch(rf"([1-9]\d{{0,8}})/({'|'.join(PERIODS)})", value, re.ASCII)
    if not found:
        raise ValidationError("Not a rate.")
    return Rate(int(found[1]), PERIODS[found[2]])


def secret(value: str) -> str:
    """The key; raises ValidationError for one that could be guessed, as Django's own check does.

    https://docs.djangoproject.com/en/5.2/ref/checks/#security (security.W009)
    """
    if len(value) < 50 or len(set(value)) < 5 or value.startswith("django-insecure-"):
        raise ValidationError("It has to be random, and at least 50 characters long.")
    return value


def items(value: str, pattern: str, what: str) -> list[str]:
    """The items of a comma-separated list; raises ValidationError for those that do not match."""
    found = [item.strip() for item in value.split(",")]
    wrong = [item for item in found if not re.fullmatch(pattern, item, re.IGNORECASE)]
    if wrong:
        raise ValidationError(f"Not {what}: {', '.join(map(repr, wrong))}.")
    return found


def hosts(value: str) -> list[str]:
    """The host names in the list; raises ValidationError for anything else, even a wildcard."""
    return items(value, rf"\.?{HOST}", "a host name")


def origins(value: str) -> list[str]:
    """The origins in the list, if any; raises ValidationError for one without a scheme."""
    return items(value, rf"https?://(?:\*\.)?{HOST}(?::\d+)?", "an origin") if value else []


def origins_of(hosts: list[str], *, https: bool) -> list[str]:
    """The origins of the hosts, in the notation of CSRF_TRUSTED_ORIGINS."""
    scheme = "https" if https else "http"
    return [f"{scheme}://{'*' if host.startswith('.') else ''}{host}" for host in hosts]


def cache_at(url: str) -> dict:
    """Django's settings of the cache: a Redis server, or without a URL this process's memory."""
    if not url:
        backend = "django.core.cache.backends.locmem.LocMemCache"
        return {"BACKEND": backend, "OPTIONS": {"MAX_ENTRIES": 10_000}}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "OPTIONS": {
            "socket_connect_timeout": 0.5,  # seconds, for requests that wait for it
            "socket_timeout": 0.5,
        },
    }


def make_writable(folder: Path) -> None:
    """Make the folder if it is missing; raise ImproperlyConfigured if it takes no files."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ImproperlyConfigured(
            f"DATA_DIR: {folder} takes no files. Give the user of this process the right to "
            "write there, or set DATA_DIR to another folder."
        )


def kept_secret_key(file: Path) -> str:
    """The random key in the file, written by the first process that comes for it."""
    with open(file, "a+", opener=partial(os.open, mode=0o600)) as stream:
        locks.lock(stream, locks.LOCK_EX)
        stream.seek(0)
        key = stream.read()
        if not key:
            key = get_random_secret_key()
            stream.write(key)
    return key
