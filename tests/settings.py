"""The project's settings, whatever the developer's environment says, except DATABASE_URL."""

import os
import tempfile
from unittest import mock

ENVIRONMENT = {
    "SECRET_KEY": "a key for tests, which protects nothing, of 57 characters",
    "ALLOWED_HOSTS": "testserver",
    "ANONYMOUS_RATE": "off",
    "ANONYMOUS_WRITES": "true",
    "DATA_DIR": tempfile.gettempdir(),
    "EMAIL_URL": "smtp://localhost",
    "HTTPS": "false",
    "NUM_PROXIES": "0",
}
DATABASE = {key: value for key, value in os.environ.items() if key == "DATABASE_URL"}

with (
    mock.patch.dict(os.environ, ENVIRONMENT | DATABASE, clear=True),
    mock.patch("environs.FileAwareEnv.read_env"),  # a developer's .env
):
    from itemsAPP.settings import *  # noqa: F403 - a settings module is there to be taken whole
    from itemsAPP.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.itemsAPP.apps.SandboxConfig"]
AXES_ENABLED = False  # it wants a request, which the test client's login() has none of
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
WHITENOISE_AUTOREFRESH = True  # each client of a test would list all static files otherwise
