"""Fixtures of the sample's exhaustive tests: its own."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from tests.conftest import _empty_caches, anonymous, make_user, superuser, user

__all__ = ["_empty_caches", "anonymous", "make_user", "superuser", "user"]


@pytest.fixture(scope="module")
def moto() -> Iterator[ThreadedMotoServer]:
    """A server that answers as S3 does."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def aws(moto: ThreadedMotoServer) -> dict[str, str]:
    """What containers on ECS have from there."""
    host, port = moto.get_host_and_port()
    return {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "eu-central-1",
    }
