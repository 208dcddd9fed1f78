"""What the image adds to a project's application: an answer to probes, and static files."""

from wsgiref.util import setup_testing_defaults

import pytest

from docker_image import server


@pytest.fixture
def static(settings, tmp_path):
    """Settings without whitenoise, and a folder with a static file."""
    (tmp_path / "style.0123456789ab.css").write_text("body {}")
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    settings.STATIC_URL = "/static/"
    settings.STATIC_ROOT = str(tmp_path)
    return settings


def project(environ, start_response):
    """An application that answers every path in the same way."""
    start_response("404 Not Found", [])
    return [b"the project's"]


def ask(application, path, method="GET"):
    """The status and the headers of an answer, and its body."""
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_HOST": "10.0.1.5"}
    setup_testing_defaults(environ)
    answer = {}
    body = application(
        environ, lambda status, headers: answer.update(status=status, **dict(headers))
    )
    content = b"".join(body)
    getattr(body, "close", lambda: None)()
    return answer, content


@pytest.mark.parametrize("path", ["/health/live", "/health/live/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probe_is_answered_before_the_project(path, method):
    """The load balancer's probe is answered, whatever the Host header, and nothing asks Django."""
    answer, body = ask(server.answering_probes(project), path, method)
    assert (answer["status"], answer["Content-Length"], body) == ("200 OK", "0", b"")


@pytest.mark.parametrize(
    "path", ["/", "/health", "/health/ready", "/health/live/x", "//health/live"]
)
def test_everything_else_is_the_projects(path):
    """Any other path goes to the project."""
    assert ask(server.answering_probes(project), path)[1] == b"the project's"


def test_static_files_are_served(static):
    """What was collected is served, forever where its name holds its hash, and nothing else."""
    application = server.serving_static(project)
    answer, body = ask(application, "/static/style.0123456789ab.css")
    assert (answer["status"], body) == ("200 OK", b"body {}")
    assert "immutable" in answer["Cache-Control"]
    assert ask(application, "/static/none.css")[1] == b"the project's"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MIDDLEWARE", ["whitenoise.middleware.WhiteNoiseMiddleware"]),
        ("STATIC_URL", "https://cdn.example.com/static/"),
        ("STATIC_URL", None),
        ("STATIC_ROOT", "/no/such/folder"),
        ("STATIC_ROOT", None),
    ],
)
def test_static_files_of_another_server_are_left_to_it(static, name, value):
    """Where the settings serve static files in a way of their own nothing is added."""
    setattr(static, name, value)
    if name == "STATIC_URL" and value is None:
        static.STATIC_ROOT = None
    assert server.serving_static(project) is project


def test_project_is_found_by_its_settings(static):
    """The application is that of WSGI_APPLICATION, behind the image's own additions."""
    static.WSGI_APPLICATION = f"{__name__}.project"
    application = server.load()
    assert ask(application, "/health/live")[0]["status"] == "200 OK"
    assert ask(application, "/static/style.0123456789ab.css")[1] == b"body {}"
    assert ask(application, "/")[1] == b"the project's"


def test_project_without_an_application_has_djangos(static):
    """Where the settings name no application Django makes one."""
    static.WSGI_APPLICATION = None
    static.ALLOWED_HOSTS = ["10.0.1.5"]
    assert ask(server.load(), "/nowhere")[0]["status"] == "404 Not Found"
