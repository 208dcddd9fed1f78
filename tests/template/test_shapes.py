"""Projects of every shape are adopted, and their images are built and serve them."""

import os
import subprocess
import sys

import pytest
import requests

from tests.image.containers import HARDENED, ROOT, docker, running, unique
from tests.template.shapes import SHAPES

pytestmark = pytest.mark.usefixtures("docker")
# All of them take minutes, because each installs its packages: `make test-adopt-all`.
CHOSEN = SHAPES if os.environ.get("ALL_SHAPES") else ("cookiecutter", "nested")
# The address by which a load balancer probes is in nobody's ALLOWED_HOSTS.
STRANGER = {"Host": "10.0.1.5"}


@pytest.fixture
def folder(tmp_path):
    """A folder for somebody's project, beside the template."""
    return tmp_path / "their-project"


def adopt(folder):
    """Take the pipeline into the project; what the command prints."""
    command = [sys.executable, "-m", "template", "adopt", str(folder)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CHOSEN)
def test_project_is_adopted_and_served(name, folder):
    """The image answers a probe, a page and a static file, and migrates, on a read-only disk."""
    shape = SHAPES[name]
    shape.make(folder)
    adopt(folder)
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace(*shape.set_line))
    image = unique("adopted")
    built = docker("build", "--progress=plain", "--tag", image, str(folder), check=False)
    assert built.returncode == 0, built.stdout
    options = [f"--env={pair}" for pair in shape.environment]
    try:
        with running(image, *HARDENED, *options) as container:
            container.wait_until_live()
            container.run("python", "manage.py", "migrate", "--noinput")
            live = requests.get(f"{container.url}/health/live", headers=STRANGER, timeout=10)
            page = requests.get(container.url, headers={"Host": shape.host}, timeout=10)
            style = requests.get(
                container.url + shape.style, headers={"Host": shape.host}, timeout=10
            )
            strange = requests.get(container.url, headers=STRANGER, timeout=10)
            assert (live.status_code, page.text, page.status_code) == (200, "0 notes", 200), (
                container.log
            )
            assert style.text == "body { color: navy }"
            assert strange.status_code == 400
    finally:
        docker("image", "rm", "--force", image)
