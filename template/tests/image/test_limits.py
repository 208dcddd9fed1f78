"""Requests that are larger than any that the application could want."""

from http import HTTPStatus

import pytest
import requests

pytestmark = pytest.mark.usefixtures("docker")


def test_long_request_line_is_refused(server):
    """A request line of more than 4094 bytes is refused."""
    response = requests.get(f"{server.url}/ping?{'x' * 4100}", timeout=60)
    assert response.status_code == HTTPStatus.REQUEST_URI_TOO_LONG


def test_long_header_is_refused(server):
    """A header of more than 8190 bytes is refused."""
    response = requests.get(f"{server.url}/ping", headers={"X-Long": "x" * 8200}, timeout=60)
    assert response.status_code == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
