"""Projects of every shape are adopted, and their images are built and serve them."""

import contextlib
import io
import json
import re
import secrets
import subprocess
import zipfile
from http import HTTPStatus

import pytest
import requests
from werkzeug import Request, Response

from template.adopt.adopt import adopt
from template.rehearsal.machine import free_port
from template.rehearsal.serving import serve as serve_application
from template.tests import exhaustive, postgresql
from template.tests.image.containers import (
    HARDENED,
    ROOT,
    Container,
    docker,
    inspect,
    running,
    unique,
    until,
)
from template.tests.template import difficult_shapes, public_shapes, shapes
from template.tests.template.projects import base, project, write

# The host by which a load balancer probes is in nobody's ALLOWED_HOSTS.
STRANGER = {"Host": "10.0.1.5"}
LOCALHOST = {"Host": "localhost"}
SHAPES = {**shapes.SHAPES, **public_shapes.SHAPES, **difficult_shapes.SHAPES}


@pytest.fixture
def folder(tmp_path):
    """A folder for somebody's project, beside the template."""
    return tmp_path / "their-project"


@pytest.fixture(scope="module")
def server(postgresql_programs):
    """A PostgreSQL server for all shapes, each with a database of its own."""
    with postgresql.cluster(postgresql_programs, "-c fsync=off") as running:
        yield running


@contextlib.contextmanager
def image_of(folder):
    """The image of an adopted project while the context lasts."""
    image = unique("adopted")
    here = next(path for path in ("Dockerfile", "deploy/Dockerfile", "tools/deploy/Dockerfile")
                if "COPY --from=build /venv" in read(folder / path))  # fmt: skip
    build = ("build", "--progress=plain", "--file", str(folder / here), "--tag", image, str(folder))
    built = docker(*build, check=False)
    assert built.returncode == 0, built.stdout
    try:
        yield image
    finally:
        docker("image", "rm", "--force", image)


def read(path):
    """The text of a file, if it is there."""
    return path.read_text() if path.is_file() else ""


def stage_variables(server, name, host):
    """What infra/stage.yml gives a container, for a new database of that name."""
    database = name.replace("-", "_")
    server.run_sql(f"create database {database}")
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGDATABASE": database,
        "PGUSER": "app",
        "PGPASSWORD": "p@ss/word:%41",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": host,
        "HTTPS": "false",
        "PGSSLMODE": "disable",  # the server of these tests has no certificate
    }


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "name", exhaustive.rows(SHAPES, "nested", "environ", mark=exhaustive.PROJECTS)
)
def test_project_is_adopted_and_served(name, folder, server):
    """The image answers a probe, a page and a static file, on SQLite and on a stage's database."""
    shape = SHAPES[name]
    shape.make(folder)
    adopt(ROOT, str(folder))
    with image_of(folder) as image:
        options = [f"--env={pair}" for pair in shape.environment]
        if shape.alone:
            serve(image, shape, options, migrate=False)
        stage = stage_variables(server, name, shape.host)
        own = [pair for pair in shape.environment if not pair.startswith("DATABASE_URL")]
        options = [f"--env={pair}" for pair in (*own, *(f"{n}={v}" for n, v in stage.items()))]
        if shape.connected:
            serve(image, shape, options, migrate=True)
        else:
            refuse(image, options)


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@exhaustive.PROJECTS
def test_geodjango_is_built_on_postgis(folder, server):
    """Its libraries are there in the build and in the image; only the server's extension is not."""
    shapes.postgis(folder)
    adopt(ROOT, str(folder))
    stage = stage_variables(server, "postgis", "localhost")
    options = [
        "--rm",
        "--network=host",
        *(f"--env={name}={value}" for name, value in stage.items()),
    ]
    with image_of(folder) as image:
        checked = docker("run", *options, image, "python", "manage.py", "check", check=False)
        assert "System check identified no issues" in checked.stdout
        migrated = docker("run", *options, image, "python", "manage.py", "migrate", check=False)
        assert 'extension "postgis" is not available' in migrated.stdout


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@exhaustive.PROJECTS
def test_mysql_is_not_led_to_a_stages_postgresql(folder, server):
    """The driver is there, and the migration of a release is red: it says what is missing."""
    mysql = 'DATABASES["default"] = {"ENGINE": "django.db.backends.mysql"'
    project(folder, extra=f'{mysql}, "HOST": os.environ["DB_HOST"], "NAME": "shop"}}\n')
    write(folder, {"requirements.txt": "Django~=5.2.0\nmysqlclient\n"})
    adopt(ROOT, str(folder))
    stage = stage_variables(server, "mysql", "localhost")
    options = [
        "--rm",
        "--network=host",
        *(f"--env={name}={value}" for name, value in stage.items()),
    ]
    migrate = ("python", "manage.py", "migrate", "--noinput")
    with image_of(folder) as image:
        missing = docker("run", *options, image, *migrate, check=False)
        assert (missing.returncode, "KeyError: 'DB_HOST'" in missing.stdout) == (1, True)
        elsewhere = docker("run", *options, "--env=DB_HOST=127.0.0.1", image, *migrate, check=False)
        assert elsewhere.returncode == 1
        assert "Can't connect to server on '127.0.0.1'" in elsewhere.stdout


def serve(image, shape, options, *, migrate):
    """Ask a container for everything; its database is migrated first where it is shared."""
    port = str(free_port())
    network = ["--network=host", f"--env=PORT={port}"]
    command = ("python", "manage.py", "migrate", "--noinput")
    if migrate:
        said = docker("run", "--rm", *HARDENED, *network, *options, image, *command, check=False)
        assert said.returncode == 0, said.stdout
    name = unique("container")
    docker("run", "--detach", "--name", name, *HARDENED, *network, *options, image)
    try:
        url, container = f"http://127.0.0.1:{port}", Container(name)
        live = until(lambda: status(f"{url}/health/live", STRANGER), seconds=180)
        assert live == HTTPStatus.OK, container.log
        theirs = {"Host": shape.host}
        page = requests.get(url, headers=theirs, timeout=60)
        assert page.text == "0 notes", container.log + page.text
        style = requests.get(url + shape.style, headers=theirs, timeout=60)
        assert style.text == "body { color: navy }", container.log
        assert not migrate or status(url, STRANGER) == HTTPStatus.BAD_REQUEST
        # The line is written once the answer has been sent.
        assert until(lambda: '"GET / HTTP/1.1" 200' in container.log)
    finally:
        docker("rm", "--force", "--volumes", name)


def refuse(image, options):
    """Neither a migration nor the server starts on SQLite beside a stage's database."""
    for command in (("python", "manage.py", "migrate", "--noinput"), ()):
        said = docker("run", "--rm", "--network=host", *options, image, *command, check=False)
        assert said.returncode == 1
        assert "DATABASES in the settings is SQLite" in said.stdout


def status(url, headers):
    """The status of an answer, or nothing while nobody answers."""
    try:
        return requests.get(url, headers=headers, timeout=60).status_code
    except requests.RequestException:
        return None


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@exhaustive.PROJECTS
def test_stage_reaches_every_command_of_an_adopted_image(folder, server):
    """Variables in one secret, a schedule that waits for migrations, the worker of stages.toml."""
    public_shapes.decouple_and_uv(folder)
    adopt(ROOT, str(folder))
    worker = re.search(r'^# worker = "(.*)"$', (folder / "stages.toml").read_text(), re.MULTILINE)
    stage = stage_variables(server, "every-command", "localhost")
    stage["STAGE_CONFIG"] = '{"STRIPE_KEY": "of the stage", "SECRET_KEY": "is set already"}'
    options = [
        "--network=host",
        *HARDENED,
        *(f"--env={name}={value}" for name, value in stage.items()),
    ]
    told = "from django.conf import settings; print(settings.STRIPE_KEY, settings.SECRET_KEY)"
    schedule, working = unique("schedule"), unique("worker")
    with image_of(folder) as image:
        try:
            wait = "--env=WAIT_FOR_MIGRATIONS=1"
            command = ("sh", "-c", f"exec python -c '{told}'")
            docker("run", "--detach", "--name", schedule, *options, wait, image, *command)
            docker("run", "--rm", *options, image, "python", "manage.py", "migrate")
            ended = docker("wait", schedule, timeout=180).stdout.strip()
            log = docker("logs", schedule).stdout
            assert (ended, log) == ("0", f"of the stage {stage['SECRET_KEY']}\n")
            command = ("sh", "-c", f"exec {worker[1]}")
            docker("run", "--detach", "--name", working, *options, image, *command)
            assert until(lambda: "Cannot connect to redis" in docker("logs", working).stdout)
            docker("stop", working)
            assert inspect(working)["State"]["ExitCode"] == 0
        finally:
            docker("rm", "--force", "--volumes", schedule, working)


URLS = """
from django.conf import settings
from django.http import HttpResponse
from django.urls import path


def write(request):
    (settings.MEDIA_ROOT / "upload").write_text("kept")
    return HttpResponse((settings.BASE_DIR / "media/upload").read_text())


urlpatterns = [path("fail", lambda request: 1 / 0), path("write", write)]
"""


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@exhaustive.MARK
def test_errors_are_in_the_log_and_uploads_can_be_written(folder):
    """Under Django's default LOGGING, and beside a gunicorn.conf.py of the project's own."""
    own = {"shop/urls.py": URLS, "gunicorn.conf.py": "bind = 'unix:/nowhere'\n"}
    base(folder, 'MEDIA_ROOT = BASE_DIR / "media"\n', own)
    adopt(ROOT, str(folder))
    with image_of(folder) as image, running(image, *HARDENED) as container:
        container.wait_until_live()
        assert status(f"{container.url}/fail", LOCALHOST) == HTTPStatus.INTERNAL_SERVER_ERROR
        assert requests.get(f"{container.url}/write", headers=LOCALHOST, timeout=60).text == "kept"
        assert until(lambda: "ZeroDivisionError: division by zero" in container.log)


def wheel(name):
    """The smallest package, as a file of an index."""
    file, info = io.BytesIO(), f"{name}-1.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file.getvalue()


@pytest.fixture
def index():
    """The address of a package index with one package, for whom knows the password."""
    name = "privately-1-py3-none-any.whl"

    @Request.application
    def answer(request):
        given = request.authorization
        if not given or (given.username, given.password) != ("shop", "pass-of-an-index"):
            return Response(status=401, headers={"WWW-Authenticate": "Basic"})
        if request.path.endswith(".whl"):
            return Response(wheel("privately"))
        return Response(f'<a href="/files/{name}">{name}</a>', content_type="text/html")

    with serve_application(answer) as endpoint:
        yield endpoint


@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("tool", ["pip", "uv"])
@exhaustive.PROJECTS
def test_index_of_ones_own_gets_its_login(folder, tmp_path, index, tool, monkeypatch):
    """The build has it as a secret, and the image has not; without it there is no image."""
    host = index.partition(":")[0]
    (tmp_path / "netrc").write_text(f"machine {host} login shop password pass-of-an-index\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    project(folder, imports="import privately")
    if tool == "pip":
        line = f"--extra-index-url http://{index}/simple\n"
        write(folder, {"requirements.txt": line + "Django~=5.2.0\nprivately\n"})
    else:
        text = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
        text += 'dependencies = ["Django~=5.2.0", "privately"]\n'
        text += '[tool.uv.sources]\nprivately = { index = "ours" }\n'
        text += (
            f'[[tool.uv.index]]\nname = "ours"\nurl = "http://{index}/simple"\nexplicit = true\n'
        )
        write(folder, {"pyproject.toml": text})
        subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
    adopt(ROOT, str(folder))
    image = unique("private")
    build = ("build", "--network=host", "--tag", image, str(folder))
    refused = docker(*build, check=False)
    assert refused.returncode != 0
    assert "privately" in refused.stdout
    secret = f"id=netrc,src={tmp_path / 'netrc'}"
    try:
        docker(*build, "--secret", secret)
        told = docker("history", "--no-trunc", image).stdout + json.dumps(inspect(image))
        assert "pass-of-an-index" not in told
        command = ("python", "-c", "import privately, os; print(os.path.exists('/root/.netrc'))")
        assert docker("run", "--rm", "--entrypoint=", image, *command).stdout == "False\n"
    finally:
        docker("image", "rm", "--force", image)
