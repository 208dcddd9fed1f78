"""What is in the image, and what is not."""

import json
import re
import tarfile
from pathlib import PurePath

import pytest

from template.tests.image.containers import (
    COMMIT,
    ROOT,
    base_image,
    docker,
    inspect,
    running,
)

pytestmark = pytest.mark.usefixtures("docker")
BUILD_KEY = re.search(r"SECRET_KEY=([\w-]+)", (ROOT / "Dockerfile").read_text())[1]


@pytest.fixture(scope="module")
def layers(image, tmp_path_factory):
    """The layers that the image puts on its base, as tar archives."""
    folder = tmp_path_factory.mktemp("image")
    docker("save", "--output", str(folder / "image.tar"), image)
    with tarfile.open(folder / "image.tar") as tar:
        tar.extractall(folder, filter="data")
    [manifest] = json.loads((folder / "manifest.json").read_text())
    of_the_base = len(inspect(base_image())["RootFS"]["Layers"])
    return [folder / layer for layer in manifest["Layers"][of_the_base:]]


@pytest.fixture(scope="module")
def added(layers):
    """The paths in these layers."""
    names = set()
    for layer in layers:
        with tarfile.open(layer) as tar:
            names.update(tar.getnames())
    return {PurePath(name) for name in names}


def test_few_folders_are_added(added):
    """Beside the account of its user there are packages, application, static files and data."""
    account = {"etc", "var"}
    assert {path.parts[0] for path in added} - account == {"app", "data", "static", "venv"}


def test_volume_starts_empty(added):
    """No database and no key of the build is in the image."""
    assert [path for path in added if path.parts[0] == "data"] == [PurePath("data")]


def test_only_what_runs_is_shipped(added):
    """Installers, their caches, tests and version control stay behind."""
    names = {path.name for path in added}
    assert names.isdisjoint({"pip", "pip3", "setuptools", "wheel", ".git", ".cache"})
    assert {path for path in added if path.suffix == ".whl"} == set()
    assert {path for path in added if path.parts[:2] == ("app", "tests")} == set()


@pytest.mark.parametrize("program", ["cc", "gcc", "make", "git"])
def test_no_compiler_is_shipped(image, program):
    """Nothing that builds programs is in the image."""
    found = docker("run", "--rm", image, "sh", "-c", f"command -v {program}", check=False)
    assert (found.returncode, found.stdout) == (127, "")


def test_no_start_compiles_a_module(image):
    """Whatever a server loads until it answers has its bytecode in the image."""
    with running(image, "--env=PYTHONVERBOSE=1") as container:
        container.wait_until_live()
        matched = [line for line in container.log.splitlines() if " matches " in line]
        for module in ("/venv/lib/", "/app/src/"):
            assert any(module in line for line in matched), module
        compiled = re.findall(r"code object from '?(/\S+\.py)'?$", container.log, re.MULTILINE)
        assert [name for name in compiled if not name.startswith("/app/deploy/")] == []


def test_no_layer_holds_a_secret(layers, added):
    """Neither the key of the build nor a file that could be secret is in any layer."""
    assert len(BUILD_KEY) > 10
    assert not any(BUILD_KEY.encode() in layer.read_bytes() for layer in layers)
    names = {path.name for path in added}
    assert names.isdisjoint({"secret-key", "db.sqlite3", ".env", ".git", "pip.conf"})


def test_history_and_environment_hold_no_secret(image):
    """Neither the image's history nor its environment names a secret."""
    history = docker("history", "--no-trunc", image).stdout
    assert not re.search("SECRET|PASSWORD|TOKEN", history)
    environment = dict(pair.split("=", 1) for pair in inspect(image)["Config"]["Env"])
    assert environment.keys().isdisjoint({"SECRET_KEY", "DATABASE_URL", "DEBUG"})


def test_image_says_what_it_is(image):
    """User, port, volume and command are fixed, no shell is between, and a label has the commit."""
    config = inspect(image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["python", "/app/deploy/entrypoint.py"]
    assert config["Cmd"][:2] == ["gunicorn", "--config"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    assert config["Labels"]["org.opencontainers.image.revision"] == COMMIT


def test_base_image_is_named_once():
    """Dependabot reads a literal FROM, and every stage builds on that one."""
    sources = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert sources[0] == base_image()
    assert set(sources[1:]) == {"base"}
