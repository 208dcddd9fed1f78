"""Strict, typed reading of environment variables: everything that is wrong is said at once."""

import os
import re
from functools import partial
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.files import locks
from django.core.management.utils import get_random_secret_key
from environs import EnvValidationError, FileAwareEnv, ValidationError

HOST = r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])"
LIBPQ_VARIABLES = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD")
ADVICE = {
    "SECRET_KEY": "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
    "ALLOWED_HOSTS": "Name the hosts that people type, for example: "
    "example.com,.example.org (the dot stands for every subdomain). Health checks need no entry.",
    "CSRF_TRUSTED_ORIGINS": "For example: https://example.com,https://*.example.org",
    "DATABASE_URL": "For example: postgres://USER:PASSWORD@HOST:5432/NAME, special characters "
    "percent-encoded. Unset it for the demo on SQLite.",
} | dict.fromkeys(
    LIBPQ_VARIABLES,
    "Set all of PGHOST, PGDATABASE, PGUSER and PGPASSWORD, or unset them for the demo on SQLite.",
)


class Environment(FileAwareEnv):
    """Reads NAME, or the file that NAME_FILE names, and collects what is wrong until `seal`."""

    def __init__(self) -> None:
        super().__init__(eager=False, strip_whitespace=True)

    def has(self, *names: str) -> bool:
        """Whether one of the variables is set, be it to nothing."""
        return any(name in os.environ or f"{name}_FILE" in os.environ for name in names)

    def database(self) -> dict:
        """Django's settings of the database in DATABASE_URL, else in libpq's own variables."""
        if self.has("DATABASE_URL"):
            return self.dj_db_url("DATABASE_URL") or {}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": self.str("PGHOST", validate=filled),
            "PORT": self.int("PGPORT", 5432),
            "NAME": self.str("PGDATABASE", validate=filled),
            "USER": self.str("PGUSER", validate=filled),
            "PASSWORD": self.str("PGPASSWORD", validate=filled),
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


def filled(value: str) -> None:
    """Raise ValidationError for an empty value."""
    if not value:
        raise ValidationError("It is empty.")


def secret(value: str) -> None:
    """Raise ValidationError for a key that somebody could guess, by the rules of Django's check.

    https://docs.djangoproject.com/en/5.2/ref/checks/#security (security.W009)
    """
    if len(value) < 50 or len(set(value)) < 5 or value.startswith("django-insecure-"):
        raise ValidationError("It has to be random, and at least 50 characters long.")


def host_names(values: list[str]) -> None:
    """Raise ValidationError unless there are host names and nothing else, not even a wildcard."""
    wrong = [value for value in values if not re.fullmatch(rf"\.?{HOST}", value, re.IGNORECASE)]
    if wrong or not values:
        raise ValidationError(f"Not a host name: {', '.join(wrong) or 'it is empty'}.")


def origins(values: list[str]) -> None:
    """Raise ValidationError unless each value is a scheme and a host, and perhaps a port."""
    pattern = rf"https?://(?:\*\.)?{HOST}(?::\d+)?"
    wrong = [value for value in values if not re.fullmatch(pattern, value, re.IGNORECASE)]
    if wrong:
        raise ValidationError(f"Not an origin: {', '.join(wrong)}.")


def origins_of(hosts: list[str], *, https: bool) -> list[str]:
    """The origins of the hosts, in the notation of CSRF_TRUSTED_ORIGINS."""
    scheme = "https" if https else "http"
    return [f"{scheme}://{'*' if host.startswith('.') else ''}{host}" for host in hosts]


def kept_secret_key(file: Path) -> str:
    """The random key in the file, written by the first process that comes for it.

    Raises OSError when the file cannot be written.
    """
    with open(file, "a+", opener=partial(os.open, mode=0o600)) as stream:
        locks.lock(stream, locks.LOCK_EX)
        stream.seek(0)
        key = stream.read()
        if not key:
            key = get_random_secret_key()
            stream.write(key)
    return key
