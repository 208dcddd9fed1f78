"""`docker run -p 8080:80 -d IMAGE` is a working application."""

import re
from http import HTTPStatus
from io import BytesIO

import pytest
import requests
from PIL import Image

from template.tests.image.containers import COMMIT, until

pytestmark = pytest.mark.usefixtures("docker")


def test_ping_shows_the_api_root(server):
    """/ping names the three collections."""
    response = requests.get(f"{server.url}/ping", timeout=60)
    assert response.status_code == HTTPStatus.OK
    found = {name: url.rstrip("/") for name, url in response.json().items()}
    assert found == {name: f"{server.url}/{name}" for name in ("users", "groups", "item")}


def test_browser_gets_a_page(server):
    """A browser that asks for /ping gets a styled page."""
    response = requests.get(f"{server.url}/ping", headers={"Accept": "text/html"}, timeout=60)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    styles = re.findall(r'href="(/static/[^"]+\.css)"', response.text)
    answers = {requests.get(server.url + style, timeout=60).status_code for style in styles}
    assert answers == {HTTPStatus.OK}


def test_itemslist_creates_and_lists(server):
    """An item that was posted to /itemslist is in the list."""
    item = {"title": "Bread", "content": "Two loaves"}
    created = requests.post(f"{server.url}/itemslist", json=item, timeout=60)
    assert created.status_code == HTTPStatus.CREATED
    listed = requests.get(f"{server.url}/itemslist", timeout=60)
    assert listed.status_code == HTTPStatus.OK
    assert created.json() in listed.json()
    assert item.items() <= created.json().items()


def test_picture_is_kept_and_served(server):
    """A picture that was uploaded with an item is in the volume, and at its URL."""
    file = BytesIO()
    Image.new("RGB", (9, 9), "green").save(file, "PNG")
    created = requests.post(
        f"{server.url}/itemslist",
        {"title": "Bread"},
        files={"picture": ("bread.png", file.getvalue())},
        timeout=60,
    )
    assert created.status_code == HTTPStatus.CREATED
    assert requests.get(created.json()["picture"], timeout=60).content == file.getvalue()
    assert "bread" in server.run("ls", "/data/media/items")


def test_unknown_host_is_refused(server):
    """The demo answers to this machine's names and to no others."""
    response = requests.get(
        f"{server.url}/itemslist", headers={"Host": "shop.example.com"}, timeout=60
    )
    assert response.status_code == HTTPStatus.BAD_REQUEST


def test_static_files_are_compressed_and_cached_forever(server):
    """Static files have a hash in the name, come compressed and may be kept for ten years."""
    page = requests.get(f"{server.url}/admin/login/", timeout=60).text
    style = re.search(r"/static/admin/css/base\.[0-9a-f]{12}\.css", page).group()
    response = requests.get(server.url + style, headers={"Accept-Encoding": "gzip"}, timeout=60)
    assert response.status_code == HTTPStatus.OK
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Cache-Control"] == "max-age=315360000, public, immutable"


def test_docker_calls_it_healthy(server):
    """The image's own health check passes."""
    assert until(lambda: server.health == "healthy")


def test_process_1_is_gunicorn(server):
    """No shell stands between Docker's signals and gunicorn."""
    command = server.run("cat", "/proc/1/cmdline").split("\0")
    assert command[:2] == ["/venv/bin/python", "/venv/bin/gunicorn"]


def test_process_is_not_root(server):
    """The server runs as a user of its own, with a fixed number and no capabilities."""
    status = server.run("cat", "/proc/1/status")
    assert re.search(r"^Uid:\s+10001\s+10001\s+10001\s+10001$", status, re.MULTILINE)
    assert re.search(r"^Gid:\s+10001\s+10001\s+10001\s+10001$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)


@pytest.mark.parametrize("folder", ["/app", "/app/src/itemsAPP", "/static", "/venv"])
def test_process_cannot_change_the_application(server, folder):
    """Code, packages and static files belong to root."""
    assert "cannot touch" in server.run("touch", f"{folder}/planted", check=False)


def test_secret_key_is_for_the_server_alone(server):
    """Nobody else on the machine may read the demo's key."""
    assert server.run("stat", "--format", "%u %a", "/data/secret-key") == "10001 600\n"


def test_log_has_one_line_for_a_request(server):
    """A request is logged once, by the application, and gunicorn adds no line of its own."""
    requests.get(f"{server.url}/item", timeout=60)
    assert until(lambda: re.search("GET /item/? ", server.log))
    assert len(re.findall("GET /item/? ", server.log)) == 1


def test_version_is_the_commit(server):
    """The commit that the image was built from can be asked for."""
    response = requests.get(f"{server.url}/version", timeout=60)
    assert response.status_code == HTTPStatus.OK
    assert response.json() == {"commit": COMMIT}
