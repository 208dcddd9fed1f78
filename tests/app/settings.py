"""The application's settings, whatever the developer's environment says, except DATABASE_URL."""

import os
import tempfile
from unittest import mock

ENVIRONMENT = {
    "SECRET_KEY": "a key for tests, which protects nothing, of 57 characters",
    "ALLOWED_HOSTS": "testserver",
    "ANONYMOUS_RATE": "off",
    "ANONYMOUS_WRITES": "true",
    "DATA_DIR": tempfile.gettempdir(),
    "HTTPS": "false",
    "LOGIN_RATE": "off",
}
DATABASE = {key: value for key, value in os.environ.items() if key == "DATABASE_URL"}

with mock.patch.dict(os.environ, ENVIRONMENT | DATABASE, clear=True):
    from itemsAPP.settings import *  # noqa: F403 - a settings module is there to be taken whole

WHITENOISE_AUTOREFRESH = True  # each client of a test would list all static files otherwise
