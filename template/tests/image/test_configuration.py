"""How the server is configured by default and by its environment, and what it refuses."""

import pytest

from template.tests import exhaustive
from template.tests.image.containers import (
    GUNICORN,
    PRODUCTION,
    docker,
    inspect,
    running,
    until,
)

pytestmark = pytest.mark.usefixtures("docker")


def settings(image, *options):
    """The settings that gunicorn says it would use, given the options of `docker run`."""
    command = (*GUNICORN, "--print-config", "itemsAPP.wsgi")
    printed = docker("run", "--rm", *options, image, *command).stdout
    pairs = (line.partition("=") for line in printed.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def refusal(image, *options):
    """What a server prints that does not start."""
    with running(image, *options) as container:
        assert until(lambda: inspect(container.name)["State"]["Status"] == "exited")
        assert inspect(container.name)["State"]["ExitCode"] == 1
        assert "Listening at" not in container.log
        return container.log


@pytest.fixture(scope="module")
def defaults(image):
    """The settings on a machine of 64 processors, which the container must not take for its own."""
    return settings(image, "--env=PYTHON_CPU_COUNT=64")


def test_defaults(defaults):
    """Two gevent workers on port 80, loaded before the fork, with nothing on the disk."""
    expected = {
        "bind": "['0.0.0.0:80']",
        "worker_class": "gevent",
        "workers": "2",
        "worker_connections": "500",
        "preload_app": "True",
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - where gunicorn keeps its workers' signs of life
        "control_socket_disable": "True",
        "accesslog": "None",
    }
    assert expected.items() <= defaults.items()


def test_environment_sets_the_numbers(image):
    """PORT, WEB_CONCURRENCY and WORKER_CLASS take the place of the defaults."""
    options = ("--env=PORT=8080", "--env=WEB_CONCURRENCY=3", "--env=WORKER_CLASS=gthread")
    expected = {
        "bind": "['0.0.0.0:8080']",
        "workers": "3",
        "worker_class": "gthread",
        "threads": "4",
    }
    assert expected.items() <= settings(image, *options).items()


def test_seconds_suit_the_load_balancer_and_ecs(defaults):
    """Idle connections outlive the load balancer's 60 s, and a stop ends within ECS's 30 s."""
    assert int(defaults["keepalive"]) > 60
    assert int(defaults["graceful_timeout"]) < 30


NONSENSE = [
    ("PORT", "http", "'http' is not a valid port number"),
    ("PORT", "65536", "port must be 0-65535"),
    ("WEB_CONCURRENCY", "two", '"WEB_CONCURRENCY"'),
    ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY must be 1 or more"),
    ("WEB_CONCURRENCY", "-4", "Value must be positive: -4"),
    ("WORKER_CLASS", "fast", "'fast'"),
]


@pytest.mark.parametrize(
    ("name", "value", "reason"), exhaustive.rows(NONSENSE, NONSENSE[2], NONSENSE[3])
)
def test_nonsense_is_refused(image, name, value, reason):
    """A value that cannot be meant ends the start, and the log says what is wrong with it."""
    assert reason in refusal(image, f"--env={name}={value}")


def test_production_refuses_an_incomplete_configuration(image):
    """With a database and nothing else the start ends with the names of what is missing."""
    printed = refusal(image, "--env=DATABASE_URL=postgres://app:app@database/app")
    assert "SECRET_KEY" in printed
    assert "ALLOWED_HOSTS" in printed


def test_broken_code_never_opens_the_port(image, tmp_path):
    """URLs that cannot be imported end the start, instead of failing each request."""
    (tmp_path / "urls.py").write_text("import no_such_module\n")
    printed = refusal(image, f"--volume={tmp_path}/urls.py:/app/src/itemsAPP/urls.py:ro")
    assert "ModuleNotFoundError: No module named 'no_such_module'" in printed


def test_deploy_checks_pass(image):
    """Django's own deployment checks find nothing in the image's production configuration."""
    check = ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    printed = docker("run", "--rm", *PRODUCTION, image, *check).stdout
    assert "System check identified no issues" in printed
