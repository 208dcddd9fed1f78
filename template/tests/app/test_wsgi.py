"""What the web server loads."""

import os
import runpy
from unittest import mock

from django.core.handlers.wsgi import WSGIHandler
from tests.app.commands import REPOSITORY


def test_application():
    """The module holds the WSGI application, and tells libpq to limit the time of a query."""
    with mock.patch.dict(os.environ):
        os.environ.pop("PGOPTIONS", None)
        module = runpy.run_path(str(REPOSITORY / "src/itemsAPP/wsgi.py"))
        assert isinstance(module["application"], WSGIHandler)
        assert os.environ["PGOPTIONS"] == "-c statement_timeout=30s"
