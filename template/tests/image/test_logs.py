"""What a container prints is what a log group receives."""

import json

import pytest
import requests

from template.tests.image.containers import COMMIT, PRODUCTION, docker, running

pytestmark = pytest.mark.usefixtures("docker")


def test_production_prints_json_only(image):
    """In production the server's lines and the application's are JSON, one object a line.

    A container that is stopped right after a request owes none.
    """
    with running(image, *PRODUCTION) as container:
        container.wait_until_live()
        headers = {"Host": "shop.example.com", "X-Forwarded-Proto": "https", "Connection": "close"}
        answer = requests.get(f"{container.url}/version", headers=headers, timeout=60)
        assert answer.json() == {"commit": COMMIT}
        docker("stop", "--timeout", "30", container.name)
        lines = [json.loads(line) for line in container.log.splitlines()]
    messages = [line["Fields"].get("msg", "") for line in lines]
    assert any(message.startswith("Listening at: http://0.0.0.0:80") for message in messages)
    assert messages[-1] == "Shutting down: Master"
    requests_seen = [line["Fields"] for line in lines if line["Type"] == "request.summary"]
    assert [seen["path"] for seen in requests_seen] == ["/version"]


def test_demo_prints_plain_lines(server):
    """In the demo the lines are for people."""
    assert "gunicorn.error Listening at: http://0.0.0.0:80" in server.log
