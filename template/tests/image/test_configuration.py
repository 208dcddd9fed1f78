"""How the server is configured by default and by its environment, and what it refuses."""

import pytest

from template.tests import exhaustive
from template.tests.image.containers import PRODUCTION, docker, inspect, running, until

pytestmark = pytest.mark.usefixtures("docker")


def settings(image, *options):
    """The settings that gunicorn says it would use, given the options of `docker run`."""
    printed = docker("run", "--rm", *options, image, "gunicorn", "--print-config").stdout
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
    """Two workers of two threads on port 80, loaded before the fork, with nothing on the disk."""
    expected = {
        "bind": "['0.0.0.0:80']",
        "worker_class": "docker_image.worker.BufferingWorker",
        "workers": "2",
        "threads": "2",
        "preload_app": "True",
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - where gunicorn keeps its workers' signs of life
        "control_socket_disable": "True",
        "accesslog": "None",
    }
    assert expected.items() <= defaults.items()


def test_environment_sets_the_numbers(image):
    """PORT, WEB_CONCURRENCY and WEB_THREADS take the place of the defaults."""
    options = ("--env=PORT=8080", "--env=WEB_CONCURRENCY=3", "--env=WEB_THREADS=8")
    expected = {"bind": "['0.0.0.0:8080']", "workers": "3", "threads": "8"}
    assert expected.items() <= settings(image, *options).items()


def test_seconds_suit_the_load_balancer_and_ecs(defaults):
    """Idle connections outlive the load balancer's 60 s, and a stop ends within ECS's 30 s."""
    assert int(defaults["keepalive"]) > 60
    assert int(defaults["graceful_timeout"]) < 30


NONSENSE = [
    ("PORT", "http"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("WEB_CONCURRENCY", "two"),
    ("WEB_CONCURRENCY", "0"),
    ("WEB_THREADS", "1.5"),
    ("WEB_THREADS", "-4"),
    ("WEB_THREADS", ""),
]


@pytest.mark.parametrize(
    ("name", "value"),
    exhaustive.rows(NONSENSE, ("PORT", "65536"), ("WEB_CONCURRENCY", "two"), ("WEB_THREADS", "")),
)
def test_nonsense_is_refused(image, name, value):
    """A number that is none ends the start with the name of the variable and its value."""
    printed = refusal(image, f"--env={name}={value}")
    assert name in printed
    assert repr(value) in printed


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
