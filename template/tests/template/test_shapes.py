"""Projects of every shape are adopted, and their images are built and serve them."""

import os
from http import HTTPStatus

import pytest
import requests

from docker_image.project import find_package_file, find_project
from template.adopt.adopt import adopt
from template.tests import exhaustive
from template.tests.image.containers import HARDENED, ROOT, docker, running, unique, until
from template.tests.template.shapes import SHAPES

# All of them take minutes, because each installs its packages: `make test-adopt-all`.
CHOSEN = SHAPES if os.environ.get("ALL_SHAPES") else ("cookiecutter", "nested")
# The address by which a load balancer probes is in nobody's ALLOWED_HOSTS.
STRANGER = {"Host": "10.0.1.5"}


@pytest.fixture
def folder(tmp_path):
    """A folder for somebody's project, beside the template."""
    return tmp_path / "their-project"


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_adopted_and_found(name, folder, capsys):
    """Each shape gets its files, and a line is left to say only where two projects compete."""
    shape = SHAPES[name]
    shape.make(folder)
    adopt(ROOT, str(folder))
    said = capsys.readouterr().out
    assert (folder / "Dockerfile").read_text() == (ROOT / "Dockerfile").read_text()
    assert ("ARG PROJECT_DIR" in said) == bool(shape.set_line[0])
    project = find_project(folder, "shop" if shape.set_line[0] else "")
    assert find_package_file(folder, project).is_file()


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", exhaustive.rows(CHOSEN, "nested"))
def test_project_is_adopted_and_served(name, folder):
    """The image answers a probe, a page and a static file, and migrates, on a read-only disk."""
    shape = SHAPES[name]
    shape.make(folder)
    adopt(ROOT, str(folder))
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace(*shape.set_line))
    image = unique("adopted")
    built = docker("build", "--progress=plain", "--tag", image, str(folder), check=False)
    assert built.returncode == 0, built.stdout
    options = [f"--env={pair}" for pair in shape.environment]
    try:
        with running(image, *HARDENED, *options) as container:
            live = until(lambda: status(f"{container.url}/health/live", STRANGER), seconds=90)
            assert live == HTTPStatus.OK, container.log
            container.run("python", "manage.py", "migrate", "--noinput")
            theirs = {"Host": shape.host}
            page = requests.get(container.url, headers=theirs, timeout=10)
            assert page.text == "0 notes", container.log
            style = requests.get(container.url + shape.style, headers=theirs, timeout=10)
            assert style.text == "body { color: navy }", container.log
            assert status(container.url, STRANGER) == HTTPStatus.BAD_REQUEST
    finally:
        docker("image", "rm", "--force", image)


def status(url, headers):
    """The status of an answer, or nothing while nobody answers."""
    try:
        return requests.get(url, headers=headers, timeout=10).status_code
    except requests.ConnectionError:
        return None
