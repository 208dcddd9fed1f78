"""What the demo keeps, and what production does not do to its database."""

from http import HTTPStatus

import psycopg
import pytest
import requests

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.image.containers import HARDENED, docker, running, volume
from template.tests.resilience import fleet

pytestmark = pytest.mark.usefixtures("docker")
LOCALHOST = {"Host": "localhost"}  # whatever the port, which is in the items' addresses
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def create_item(container):
    """Create an item; its content is the value."""
    response = requests.post(
        f"{container.url}/itemslist", json={"title": "Kept"}, headers=LOCALHOST, timeout=60
    )
    assert response.status_code == HTTPStatus.CREATED
    return response.json()


def items(container):
    """All items."""
    return requests.get(f"{container.url}/itemslist", headers=LOCALHOST, timeout=60).json()


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


def test_production_leaves_its_database_alone(image, database):
    """A production server does not migrate: it lives, and is ready once the release has."""
    environment = fleet.PRODUCTION | {"DATABASE_URL": database.url}
    with fleet.tasks() as tasks:
        task = tasks.start(image, free_port(), **environment)
        task.wait_until_healthy()
        ask = LOCALHOST | {"X-Forwarded-Proto": "https"}
        ready = f"http://127.0.0.1:{task.port}/health/ready"
        answer = requests.get(ready, headers=ask, timeout=60)
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        with psycopg.connect(database.url) as connection:
            assert connection.execute(TABLES).fetchall() == []
        fleet.migrate(image, **environment)
        assert requests.get(ready, headers=ask, timeout=60).status_code == HTTPStatus.OK
