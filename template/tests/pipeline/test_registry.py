"""The real registry runs behind a password, and goes without a trace."""

import shutil
import subprocess
import sys
import tempfile
import time

import pytest
import requests

from template.rehearsal.ecr import registry
from template.rehearsal.ecr.registry import USER, RegistryError
from template.tests.image.containers import unique, until
from template.tests.pipeline.images import MANIFEST, Requests, manifest
from template.tests.requirements import require

BASE = "public.ecr.aws/docker/library/python:3.13-slim-trixie"


@pytest.fixture
def real():
    """A running registry."""
    with registry.serve() as running:
        yield running


def status(endpoint, auth=None):
    """The status of a registry's answer."""
    return requests.get(f"http://{endpoint}/v2/", auth=auth, timeout=60).status_code


def test_password_is_wanted(real):
    """Without the password, or with another, the registry answers nobody."""
    assert status(real.endpoint) == requests.codes.unauthorized
    assert status(real.endpoint, (USER, "wrong")) == requests.codes.unauthorized
    assert status(real.endpoint, (USER, real.password)) == requests.codes.ok


def test_tags_are_read(real):
    """Tags, digests and manifests are read from the registry; strangers are nothing."""
    docker = Requests(real.endpoint, (USER, real.password))
    digest = docker.push(b"layer", "one")
    docker.tag(manifest(b"layer"), "two")
    assert real.digest("django-crud-app", "one") == digest
    assert real.digest("django-crud-app", "three") is None
    assert real.tags("django-crud-app") == {"one": digest, "two": digest}
    assert real.tags("stranger") == {}
    found = real.manifest("django-crud-app", digest)
    assert (found.media_type, found.body) == (MANIFEST, manifest(b"layer"))


def test_refusal_is_an_error(real):
    """A registry that refuses is not taken for one that has nothing."""
    stranger = registry.Registry(real.endpoint, "wrong")
    with pytest.raises(requests.HTTPError):
        stranger.tags("django-crud-app")


def ask_until_closed(endpoint):
    """Ask a registry again and again. Raises requests.ConnectionError when nobody listens."""
    while True:
        time.sleep(0.02)
        status(endpoint)


def interrupt(endpoints):
    """Start a registry, and be interrupted."""
    with registry.serve() as running:
        endpoints.append(running.endpoint)
        raise KeyboardInterrupt


def test_nothing_stays(monkeypatch, tmp_path):
    """Neither process nor file outlives the context, also after Ctrl-C."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    endpoints = []
    with pytest.raises(KeyboardInterrupt):
        interrupt(endpoints)
    with pytest.raises(requests.ConnectionError):
        status(endpoints[0])
    assert list(tmp_path.iterdir()) == []


def start():
    """Start a registry that cannot start."""
    registry.serve().__enter__()


HANG = """
import signal
from template.rehearsal.ecr import registry
with registry.serve() as running:
    print(running.endpoint, flush=True)
    signal.pause()
"""


def test_nothing_outlives_a_killed_process():
    """The registry ends with the process that started it, whatever ends that."""
    with subprocess.Popen([sys.executable, "-c", HANG], stdout=subprocess.PIPE, text=True) as user:
        endpoint = user.stdout.readline().strip()
        user.kill()
    with pytest.raises(requests.ConnectionError):
        ask_until_closed(endpoint)


@pytest.fixture
def build(docker, tmp_path, monkeypatch):
    """Build an image that stands in for Docker's `registry`, which not every network can pull."""
    name = unique("registry")

    def from_lines(*lines):
        # With a label of its own it is no image of another run, whose containers would be counted.
        lines = (f"FROM {BASE}", f"LABEL name={name}", *lines)
        (tmp_path / "Dockerfile").write_text("\n".join(lines))
        subprocess.run(["docker", "build", "--quiet", "--tag", name, tmp_path], check=True)
        monkeypatch.setattr(registry, "IMAGE", name)
        monkeypatch.setattr(registry, "PROGRAM", "no-such-program")
        return name

    yield from_lines
    subprocess.run(["docker", "rmi", "--force", name], check=True)


@pytest.fixture
def image(build, tmp_path):
    """An image of the registry's own program."""
    program = shutil.which(registry.PROGRAM)
    require(program is not None, f"{registry.PROGRAM} is not on PATH", variable="REQUIRE_REGISTRY")
    shutil.copy(program, tmp_path / "registry")
    (tmp_path / "config.yml").write_text("version: 0.1\nstorage: {inmemory: {}}\n")
    command = 'ENTRYPOINT ["/registry", "serve", "/config.yml"]'
    return build("COPY registry config.yml /", command)


def containers(image):
    """The containers of an image."""
    command = ["docker", "ps", "--all", "--quiet", "--filter", f"ancestor={image}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_container_takes_the_program_s_place(image):
    """Without the program the registry is a container with the same password, gone afterwards."""
    with registry.serve() as running:
        assert len(containers(image)) == 1
        assert status(running.endpoint) == requests.codes.unauthorized
        assert status(running.endpoint, (USER, running.password)) == requests.codes.ok
    assert containers(image) == []


def test_container_that_does_not_answer_is_told(build, monkeypatch):
    """A container that does not answer in time is given up, and removed."""
    silent = build('ENTRYPOINT ["sleep", "600"]')
    monkeypatch.setattr(registry, "PATIENCE", 0.2)
    with pytest.raises(RegistryError, match="does not answer"):
        start()
    assert until(lambda: not containers(silent))


def test_program_that_does_not_start_is_told(monkeypatch, tmp_path):
    """A program that ends at once is an error with its own words."""
    program = tmp_path / "broken-registry"
    program.write_text("#!/bin/sh\necho out of order\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(registry, "PROGRAM", str(program))
    with pytest.raises(RegistryError, match="out of order"):
        start()


def test_missing_docker_is_told(monkeypatch):
    """With neither program nor Docker the error says what to install."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RegistryError, match="install Docker, or the program"):
        start()


def test_failing_docker_is_told(monkeypatch, tmp_path):
    """When Docker cannot start the image, the error has its words."""
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho no such image >&2\nexit 125\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RegistryError, match=r"`docker run` failed.*\n.*no such image"):
        start()
