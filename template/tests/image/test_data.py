"""What the demo keeps, and what production does not do to its database."""

from http import HTTPStatus

import pytest
import requests

from template.tests import exhaustive
from template.tests.image.containers import HARDENED, PRODUCTION, docker, running, volume

pytestmark = pytest.mark.usefixtures("docker")
LOCALHOST = {"Host": "localhost"}  # whatever the port, which is in the items' addresses
TABLES = """
import sqlite3
print(sqlite3.connect("/data/production.sqlite3").execute("SELECT * FROM sqlite_master").fetchall())
"""


def create_item(container):
    """Create an item; its content is the value."""
    response = requests.post(
        f"{container.url}/itemslist", json={"title": "Kept"}, headers=LOCALHOST, timeout=5
    )
    assert response.status_code == HTTPStatus.CREATED
    return response.json()


def items(container):
    """All items."""
    return requests.get(f"{container.url}/itemslist", headers=LOCALHOST, timeout=5).json()


@exhaustive.MARK
def test_restart_loses_nothing(image):
    """Items and the secret key survive a restart."""
    with running(image) as container:
        container.wait_until_live()
        item, key = create_item(container), container.run("cat", "/data/secret-key")
        docker("restart", container.name)
        container.wait_until_live()
        assert items(container) == [item]
        assert container.run("cat", "/data/secret-key") == key


def test_new_container_on_the_volume_loses_nothing(image):
    """Items and the secret key survive the container, on a volume."""
    with volume() as name:
        options = (*HARDENED, "--volume", f"{name}:/data")
        with running(image, *options) as container:
            container.wait_until_live()
            item, key = create_item(container), container.run("cat", "/data/secret-key")
        with running(image, *options) as container:
            container.wait_until_live()
            assert items(container) == [item]
            assert container.run("cat", "/data/secret-key") == key


def test_production_leaves_its_database_alone(image):
    """A production server does not migrate: it lives, and is ready once somebody has migrated."""
    with running(image, *PRODUCTION) as container:
        container.wait_until_live()
        ask = {"Host": "shop.example.com", "X-Forwarded-Proto": "https"}
        ready = f"{container.url}/health/ready"
        assert (
            requests.get(ready, headers=ask, timeout=5).status_code
            == HTTPStatus.SERVICE_UNAVAILABLE
        )
        assert container.run("python", "-c", TABLES) == "[]\n"
        container.run("python", "manage.py", "migrate", "--noinput")
        assert requests.get(ready, headers=ask, timeout=5).status_code == HTTPStatus.OK
