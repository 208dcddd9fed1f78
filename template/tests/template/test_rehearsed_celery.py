"""A project with Celery adopts the pipeline, and its worker does what its web server queues."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from template.adopt.adopt import adopt
from template.rehearsal import report
from template.rehearsal.machine import free_port
from template.rehearsal.rehearse import rehearse, through_github
from template.rehearsal.sandbox import set_up
from template.tests import exhaustive
from template.tests.pipeline.sandboxes import CI, commit, git
from template.tests.requirements import require
from template.tests.template.projects import ROOT, write
from template.tests.template.public_shapes import decouple_and_uv

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.timeout(1800), exhaustive.PROJECTS]

PATIENCE = 180  # seconds
BROKER = "redis-server"
# A page that queues what its worker writes, with the words of the variable that both have.
NOTES = {
    "src/shop/__init__.py": "from shop.celery import app as celery_app\n",
    "src/notes/tasks.py": """
        from celery import shared_task
        from notes.models import Note

        @shared_task
        def write(text):
            Note.objects.create(text=text)
        """,
    "src/notes/views.py": """
        from django.http import HttpResponse
        from notes.models import Note
        from notes.tasks import write

        def page(request):
            if "queue" in request.GET:
                write.delay(request.GET["queue"])
            return HttpResponse(" ".join(Note.objects.values_list("text", flat=True)))
        """,
    "Procfile": "web: gunicorn shop.wsgi\nworker: celery -A shop worker --concurrency 1 -l info\n",
    ".github/workflows/ci.yml": CI,
}
# The stages of a rehearsal share a broker; the database is the stage's own.
QUEUE = 'CELERY_TASK_DEFAULT_QUEUE = config("POSTGRES_HOST")\n'


@pytest.fixture
def broker() -> Iterator[str]:
    """The URL of a Redis on this machine, where Docker's containers reach it."""
    require(shutil.which(BROKER) is not None, f"there is no {BROKER}", variable="REQUIRE_REDIS")
    asked = ["docker", "network", "inspect", "--format={{(index .IPAM.Config 0).Gateway}}"]
    place = subprocess.run([*asked, "bridge"], capture_output=True, text=True, check=True)
    host = place.stdout.strip()
    port = free_port()
    options = [f"--bind {host}", f"--port {port}", "--protected-mode no", "--save ''"]
    command = [BROKER, *(word for option in options for word in option.split(maxsplit=1))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        yield f"redis://{host}:{port}/0"
        server.terminate()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with Celery that has adopted, and deploys its worker."""
    folder = tmp_path / "shop"
    decouple_and_uv(folder)
    write(folder, NOTES)
    settings = folder / "src/shop/settings.py"
    settings.write_text(settings.read_text() + QUEUE)
    git(folder, "init", "--quiet", "--initial-branch=main")
    adopt(ROOT, str(folder))
    commit(folder)
    return folder


def test_worker_of_an_adopted_project(shop, broker):
    """The Procfile's worker runs the released image in both stages, and does what is queued."""
    variables = {"STRIPE_KEY": "sk_live=1", "CELERY_BROKER_URL": broker}
    lines = []
    with set_up(shop, lines.append, variables=variables) as sandbox:
        outcome = rehearse(sandbox, through_github)
        assert report.problems(outcome) == [], "\n".join(lines)
        digest = outcome.tags[outcome.commit]
        for services in outcome.services.values():
            assert [(each.name, each.digests) for each in services] == [
                ("web", {digest}),
                ("worker", {digest}),
            ]
        address = outcome.services["production"][0].address
        requests.get(address, params={"queue": "done"}, timeout=60).raise_for_status()
        deadline = time.monotonic() + PATIENCE
        with contextlib.suppress(requests.Timeout):
            while (page := requests.get(address, timeout=60).text) != "done":
                assert time.monotonic() < deadline, page
                time.sleep(0.5)
        cluster = sandbox.stacks["production-stage"].outputs["ClusterArn"]
        while not any(
            "Task notes.tasks.write" in line and "succeeded" in line
            for lines in sandbox.ecs.logs(cluster).values()
            for line in lines
        ):
            assert time.monotonic() < deadline, sandbox.ecs.logs(cluster)
            time.sleep(0.5)
