"""Where PostgreSQL's image cannot be pulled, this machine's server stands in for it."""

import secrets
import subprocess
import sys
import tarfile

import psycopg
import pytest

from template.rehearsal import docker_objects, machine, postgresql_image

# Nobody listens there, and nobody else has the name.
IMAGE = f"127.0.0.1:9/{secrets.token_hex(8)}/postgres:18-trixie"
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
def start(docker, tmp_path):
    """A function that starts a run; its value is the environment of the steps.

    In the end nothing of any run is left.
    """
    begun = []

    def begin():
        run = f"rehearsal-{secrets.token_hex(8)}"
        begun.append(machine.environment(tmp_path / run, run))
        return begun[-1]

    yield begin
    for environment in begun:
        end(environment)


@pytest.fixture
def environment(start):
    """The environment of a run's steps."""
    return start()


def end(environment):
    """End a run as the rehearsal does."""
    docker_objects.remove_run(environment["COMPOSE_PROJECT_NAME"], environment)
    postgresql_image.remove(environment)


@pytest.fixture
def small(monkeypatch):
    """Images of one file take the place of those of a server; the value are those that were made.

    With the labels and the entry point of the others they come and go as these do, and sooner.
    """
    made = []

    def make(name, server, folder, *changes):
        (folder / "entrypoint").write_text(f"image {len(made)}")
        with tarfile.open(folder / "image.tar", "w") as tar:
            tar.add(folder / "entrypoint", "entrypoint")
        options = [f"--change={change}" for change in (*changes, 'ENTRYPOINT ["/entrypoint"]')]
        command = ["docker", "import", *options, folder / "image.tar", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        made.append(done.stdout.strip())

    monkeypatch.setattr(postgresql_image, "make_image", make)
    return made


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
    end(environment)
    assert inspected(IMAGE) != 0


def test_two_rehearsals_share_an_image(start, small, postgresql_programs):
    """What Docker has is not made again, and the end of one run takes nothing of another.

    It does not, however early it comes: no container of the other one needs to run yet.
    """
    first, second = start(), start()
    assert postgresql_image.stand_in([IMAGE], first) == [IMAGE]
    assert postgresql_image.stand_in([IMAGE], second) == []
    end(first)
    assert inspected(IMAGE) == 0
    end(second)
    assert inspected(IMAGE) != 0


def test_image_that_is_removed_meanwhile_is_made_again(
    environment, small, postgresql_programs, monkeypatch
):
    """Between its making and its first use, another run may end."""
    make = postgresql_image.make_image

    def make_in_vain(*arguments):
        make(*arguments)
        if len(small) == 1:
            postgresql_image.remove(environment)

    monkeypatch.setattr(postgresql_image, "make_image", make_in_vain)
    assert postgresql_image.stand_in([IMAGE], environment) == [IMAGE]
    assert len(small) == 2
    assert inspected(IMAGE) == 0


def test_image_that_was_made_twice_goes_as_a_whole(environment, small, tmp_path):
    """Where two runs make an image at once, the first one's has no name any more."""
    for _ in range(2):
        postgresql_image.make_image(IMAGE, None, tmp_path, f"LABEL {postgresql_image.STAND_IN}")
    assert len(set(small)) == 2
    postgresql_image.remove(environment)
    assert [inspected(each) for each in small] == [1, 1]


@pytest.mark.parametrize("missing", ["programs", "linux"])
def test_nothing_stands_in(project, environment, monkeypatch, missing):
    """Without a server, or where containers cannot run its programs, nothing is made."""
    if missing == "programs":
        monkeypatch.setattr(postgresql_image, "programs", lambda: None)
    else:
        monkeypatch.setattr(sys, "platform", "darwin")
    assert postgresql_image.stand_in([IMAGE], environment) == []
    assert inspected(IMAGE) != 0
