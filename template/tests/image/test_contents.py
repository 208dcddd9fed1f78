"""What is in the image, and what is not."""

import json
import re
import tarfile
from pathlib import PurePath

import pytest

from template.tests.image.containers import COMMIT, ROOT, docker, inspect, running

pytestmark = pytest.mark.usefixtures("docker")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
BASE = re.search(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)[1]
BUILD_KEY = re.search(r"SECRET_KEY=([\w-]+)", DOCKERFILE)[1]


@pytest.fixture(scope="module")
def layers(image, tmp_path_factory):
    """The layers that the image puts on its base, as tar archives."""
    folder = tmp_path_factory.mktemp("image")
    docker("save", "--output", str(folder / "image.tar"), image)
    with tarfile.open(folder / "image.tar") as tar:
        tar.extractall(folder, filter="data")
    [manifest] = json.loads((folder / "manifest.json").read_text())
    of_the_base = len(inspect(BASE)["RootFS"]["Layers"])
    return [folder / layer for layer in manifest["Layers"][of_the_base:]]


@pytest.fixture(scope="module")
def added(layers):
    """The paths in these layers."""
    names = set()
    for layer in layers:
        with tarfile.open(layer) as tar:
            names.update(tar.getnames())
    return {PurePath(name) for name in names}


def test_three_folders_are_added(added):
    """Beside the account of its user the image adds packages, application and a place for data."""
    account = {"etc", "var"}
    assert {path.parts[0] for path in added} - account == {"app", "data", "venv"}
    files = {
        *("docker_image", "deploy/gunicorn.conf.py", "manage.py", "src", "static"),
        *("__pycache__", "pyproject.toml", "requirements.txt"),
    }
    assert {path.name for path in added if path.parent == PurePath("app")} == files


def test_volume_starts_empty(added):
    """No database and no key of the build is in the image."""
    assert [path for path in added if path.parts[0] == "data"] == [PurePath("data")]


def test_only_what_runs_is_shipped(added):
    """Installers, their caches, translation sources and version control stay behind."""
    names = {path.name for path in added}
    assert names.isdisjoint({"pip", "pip3", "setuptools", "wheel", ".git", ".cache", "conftest.py"})
    assert {path for path in added if path.suffix in {".po", ".whl"}} == set()


@pytest.mark.parametrize("program", ["cc", "gcc", "make", "git"])
def test_no_compiler_is_shipped(image, program):
    """Nothing that builds programs is in the image."""
    found = docker("run", "--rm", image, "sh", "-c", f"command -v {program}", check=False)
    assert (found.returncode, found.stdout) == (127, "")


def test_bytecode_is_shipped(added):
    """Python need not compile the framework or the application at each start."""
    packages = "venv/lib/python3.13/site-packages"
    for module in (
        f"{packages}/django/db/models/__pycache__/query",
        "app/src/itemsAPP/__pycache__/urls",
    ):
        assert PurePath(f"{module}.cpython-313.pyc") in added


def test_no_start_compiles_a_module(image):
    """Whatever a server loads until it answers has its bytecode in the image."""
    with running(image, "--env=PYTHONVERBOSE=1") as container:
        container.wait_until_live()
        assert "code object from '/venv/" in container.log
        assert re.findall(r"code object from (/\S+)", container.log) == []


def test_tracebacks_name_places_in_lines_of_the_project_only(image):
    """Bytecode of packages is small: it keeps the line of each instruction, not the column."""
    program = (
        "import sys; sys.path.append('src')\n"
        "from django.utils.functional import lazy\n"
        "from itemsAPP.environment import rate\n"
        "for code in lazy.__code__, rate.__code__:\n"
        "    lines, columns = list(zip(*code.co_positions()))[::2]\n"
        "    print(any(lines), any(columns))\n"
    )
    ended = docker("run", "--rm", image, "python", "-c", program)
    assert ended.stdout == "True False\nTrue True\n"


def test_nothing_is_compiled_in_vain(added):
    """Tests of packages, and what this server leaves off, have sources alone."""
    compiled = {path.parts for path in added if path.suffix == ".pyc"}
    assert not [parts for parts in compiled if "tests" in parts or {"gunicorn", "asgi"} < {*parts}]
    assert PurePath("venv/lib/python3.13/site-packages/gunicorn/asgi/__init__.py") in added


@pytest.mark.parametrize("script", ["swagger-ui-bundle", "redoc.standalone"])
def test_either_page_of_the_api_could_be_served(added, script):
    """The scripts of both pages of drf-spectacular are there: a project may choose either."""
    assert [path for path in added if path.name.startswith(script) and path.parts[0] == "app"]


def test_what_builds_is_not_shipped(added):
    """Of the code beside the Dockerfile only what serves is in the image."""
    shipped = {path.name for path in added if path.parent == PurePath("app/docker_image")}
    assert shipped == {"__init__.py", "__pycache__", "server.py", "worker.py"}


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
    """User, port, volume and command are fixed, and the labels name commit and base."""
    config = inspect(image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["gunicorn"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    assert labels["revision"] == COMMIT
    assert labels["name"] == BASE
