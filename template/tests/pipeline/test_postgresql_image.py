"""Where PostgreSQL's image cannot be pulled, this machine's server stands in for it."""

import secrets
import subprocess
import sys

import psycopg
import pytest

from template.rehearsal import docker_objects, machine, postgresql_image

# Nobody listens there.
IMAGE = "127.0.0.1:9/library/postgres:18-trixie"
COMPOSE = """\
services:
  web: {build: .}
  database:
    image: NAME
    environment: {POSTGRES_DB: app, POSTGRES_USER: app, POSTGRES_PASSWORD: app}
    ports: ["127.0.0.1:${DATABASE_PORT:-5432}:5432"]
    healthcheck: {test: [CMD, pg_isready, --host=127.0.0.1], interval: 1s, retries: 60}
  cache: {image: "redis:8"}
"""


@pytest.fixture
def project(tmp_path):
    """A project whose compose.yaml wants a database."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE.replace("NAME", IMAGE))
    return folder


@pytest.fixture
def environment(docker, tmp_path):
    """The environment of a run's steps, of which nothing is left."""
    run = f"rehearsal-{secrets.token_hex(8)}"
    environment = machine.environment(tmp_path / "home", run)
    yield environment
    docker_objects.remove_run(run, environment)
    postgresql_image.remove(environment)


def inspected(image):
    """The exit status of looking at an image."""
    asked = ["docker", "image", "inspect", image]
    return subprocess.run(asked, capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("image", "is_wanted"),
    [
        ("postgres", True),
        ("postgres:18", True),
        ("public.ecr.aws/docker/library/postgres:18-trixie", True),
        ("postgres-exporter:1", False),
        ("someone/notpostgres:1", False),
    ],
)
def test_images_of_postgresql_are_known(project, image, is_wanted):
    """The official image is, under any registry; others are not."""
    (project / "compose.yaml").write_text(COMPOSE.replace("NAME", image))
    assert postgresql_image.wanted(project) == ([image] if is_wanted else [])


def test_project_without_compose_wants_none(tmp_path):
    """There need not be a compose.yaml."""
    assert postgresql_image.wanted(tmp_path) == []


def test_server_stands_in(project, environment, postgresql_programs):
    """A step finds a database under the image's name, and the run removes both."""
    assert postgresql_image.stand_in([IMAGE], environment) == [IMAGE]
    up = ["docker", "compose", "up", "--detach", "--quiet-pull", "--wait", "database"]
    subprocess.run(up, cwd=project, env=environment, check=True)
    port = environment["DATABASE_PORT"]
    with psycopg.connect(f"postgres://app:app@127.0.0.1:{port}/app") as connection:
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
    postgresql_image.remove(environment)
    assert inspected(IMAGE) == 0, "it is in use"
    docker_objects.remove_run(environment["COMPOSE_PROJECT_NAME"], environment)
    postgresql_image.remove(environment)
    assert inspected(IMAGE) != 0


def test_two_rehearsals_share_an_image(environment, postgresql_programs):
    """What Docker has already is not made again, and ending one run takes nothing of another."""
    assert postgresql_image.stand_in([IMAGE], environment) == [IMAGE]
    assert postgresql_image.stand_in([IMAGE], environment) == []
    name = environment["COMPOSE_PROJECT_NAME"]
    start = ["docker", "run", "--detach", "--name", name, "--env=POSTGRES_USER=app"]
    given = ["--env=POSTGRES_PASSWORD=app", "--env=POSTGRES_DB=app", IMAGE]
    subprocess.run([*start, *given], env=environment, check=True, capture_output=True)
    docker_objects.remove_run("rehearsal-other", environment)
    postgresql_image.remove(environment)
    running = ["docker", "ps", "--quiet", "--filter", f"name={name}"]
    assert subprocess.check_output(running) != b""


@pytest.mark.parametrize("missing", ["programs", "linux"])
def test_nothing_stands_in(project, environment, monkeypatch, missing):
    """Without a server, or where containers cannot run its programs, nothing is made."""
    if missing == "programs":
        monkeypatch.setattr(postgresql_image, "programs", lambda: None)
    else:
        monkeypatch.setattr(sys, "platform", "darwin")
    assert postgresql_image.stand_in([IMAGE], environment) == []
    assert inspected(IMAGE) != 0
