"""`docker compose up` runs the image on PostgreSQL, the way production does."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import requests
import yaml

from template.rehearsal.machine import free_port
from template.rehearsal.postgresql_image import make_image
from template.tests import exhaustive
from template.tests.image import containers
from template.tests.image.containers import ROOT

pytestmark = exhaustive.MARK


@dataclass(frozen=True)
class Compose:
    """A project of compose.yaml on a port of its own."""

    name: str
    port: int
    database_port: int
    override: Path

    @property
    def url(self) -> str:
        """The address that compose.yaml publishes."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> str:
        """Run a command of docker compose; its output."""
        files = ["--file=compose.yaml", f"--file={self.override}"]
        command = ["docker", "compose", *files, "--project-name", self.name, *arguments]
        ports = {"PORT": str(self.port), "DATABASE_PORT": str(self.database_port)}
        environment = os.environ | ports
        return subprocess.run(
            command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        ).stdout


@pytest.fixture(scope="module")
def override(
    docker: None, postgresql_programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """What replaces the database's image by one of this machine's PostgreSQL."""
    name = containers.unique("postgresql")
    folder = tmp_path_factory.mktemp("postgresql")
    make_image(name, postgresql_programs, folder)
    file = folder / "override.yaml"
    file.write_text(yaml.safe_dump({"services": {"database": {"image": name}}}))
    yield file
    containers.docker("image", "rm", name)


@pytest.fixture(scope="module")
def compose(override: Path) -> Iterator[Compose]:
    """The project after `docker compose up`, which has waited until it is healthy."""
    project = Compose(containers.unique("compose"), free_port(), free_port(), override)
    try:
        project.run("up", "--build", "--detach", "--wait")
        yield project
    finally:
        project.run("down", "--volumes", "--rmi=local")


def test_migrated_database_is_ready(compose):
    """The migrations ran before the web server started, and it reaches the database."""
    answer = requests.get(f"{compose.url}/health/ready", timeout=60)
    assert answer.status_code == 200, answer.text
    assert requests.get(f"{compose.url}/itemslist", timeout=60).json() == []


def test_production_mode_refuses_strangers(compose):
    """Strangers may not write, and other hosts are refused, as in production."""
    item = {"title": "Bread"}
    assert requests.post(f"{compose.url}/itemslist", json=item, timeout=60).status_code == 403
    other = requests.get(f"{compose.url}/itemslist", headers={"Host": "example.com"}, timeout=60)
    assert other.status_code == 400


def test_account_can_log_in(compose):
    """Whoever made an account as the README says logs in to the administration."""
    compose.run(
        "exec",
        "--env=DJANGO_SUPERUSER_PASSWORD=a long password",
        *("web", "python", "manage.py", "createsuperuser"),
        *("--noinput", "--username=ann", "--email=ann@example.com"),
    )
    with requests.Session() as browser:
        page = browser.get(f"{compose.url}/admin/login/", timeout=60)
        form = {
            "username": "ann",
            "password": "a long password",
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            "next": "/admin/",
        }
        done = browser.post(page.url, form, headers={"Referer": page.url}, timeout=60)
    assert done.url == f"{compose.url}/admin/"


def test_data_outlives_the_containers(compose):
    """What was stored is there after `docker compose down` and `up`."""
    users = "from django.contrib.auth import get_user_model; users = get_user_model().objects; "
    shell = ("exec", "web", "python", "manage.py", "shell", "--verbosity=0", "--command")
    compose.run(*shell, f"{users} users.create_user('bob')")
    compose.run("down")
    compose.run("up", "--detach", "--wait")
    found = compose.run(*shell, f"{users} print(users.filter(username='bob').count())")
    assert found.strip() == "1"


def test_worker_does_what_is_queued(compose):
    """What the web server queues is done by the worker, and no result is waited for in vain."""
    queue = (
        "from itemslist.models import ItemList; from itemslist.tasks import delete_duplicates;"
        "pks = [ItemList.objects.create(title='tea').pk for _ in range(3)];"
        "delete_duplicates.enqueue(pks)"
    )
    count = "from itemslist.models import ItemList; print(ItemList.objects.count())"
    shell = ("exec", "web", "python", "manage.py", "shell", "--verbosity=0", "--command")
    compose.run(*shell, queue)
    assert containers.until(lambda: compose.run(*shell, count).strip() == "1")


def test_tests_may_use_the_database(compose):
    """The database listens on this machine, and on no other, under the URL of compose.yaml."""
    listening = compose.run("port", "database", "5432").strip()
    assert listening == f"127.0.0.1:{compose.database_port}"
    url = f"postgres://app:app@127.0.0.1:{compose.database_port}/app"
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW server_version_num").fetchone()
    assert "DATABASE_URL=postgres://app:app@127.0.0.1:5432/app make test" in (
        (ROOT / "compose.yaml").read_text()
    )
