"""The picture of an item: who may upload what, and what becomes of the file."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from itemslist.models import ItemList
from tests.conftest import PRODUCTION, settings_from

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """The demo's folder of the uploads, which goes with the test."""
    settings.PRODUCTION = False
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    """Does at its end what waits for the transaction's."""
    return django_capture_on_commit_callbacks(execute=True)


def picture(name="tea.png", size=(1, 1), kind="PNG", color="green"):
    """A picture as somebody uploads it."""
    file = BytesIO()
    Image.new("RGB", size, color).save(file, kind)
    return SimpleUploadedFile(name, file.getvalue(), "image/png")


def upload(client, file, url="/item/", method="post"):
    """The response to an item with a file."""
    fields = {"title": "tea", "picture": file}
    return getattr(client, method)(url, fields, format="multipart")


def files(folder):
    """The names of what has been stored."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.gif", "GIF"), ("a.webp", "WEBP")]
)
def test_upload(user, media, name, kind):
    """A picture comes with its item, and the API tells its URL."""
    response = upload(user, picture(name, kind=kind))
    assert response.status_code == 201, response.text
    assert response.json()["picture"] == f"http://testserver/media/items/{name}"
    assert files(media) == [f"items/{name}"]
    (listed,) = user.get("/itemslist/").json()
    assert listed["picture"] == response.json()["picture"]


def test_items_without_one(user):
    """Clients that know of no picture need none, and find null."""
    response = user.post("/item/", {"title": "tea"}, format="json")
    assert (response.status_code, response.json()["picture"]) == (201, None)
    same = {"title": "tea", "picture": None}
    assert user.put(response.json()["url"], same, format="json").status_code == 200


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("a.png", b"<!DOCTYPE html><script>alert(1)</script>", "image/png"),
        SimpleUploadedFile("a.png", SVG, "image/png"),
        SimpleUploadedFile("a.svg", SVG, "image/svg+xml"),
        SimpleUploadedFile("a.png", b"", "image/png"),
        picture("a.html"),
        picture("a.svg"),
        picture("a"),
        picture("a.png.exe"),
        picture("a" * 97 + ".png"),
    ],
    ids=lambda file: file.name[-9:],
)
def test_other_files(user, superuser, media, file):
    """What is no picture by its name, or by its content, is refused, by the admin too."""
    response = upload(user, file)
    assert response.status_code == 400
    assert list(response.json()) == ["picture"]
    file.seek(0)
    assert upload(superuser, file, "/admin/itemslist/itemlist/add/").status_code == 200  # again
    assert not ItemList.objects.exists()
    assert files(media) == []


def test_huge_picture(user, media, monkeypatch):
    """So is a small file that would fill the memory of whoever looks at it."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert upload(user, picture(size=(50, 50))).status_code == 400
    assert files(media) == []


def test_large_file(user, settings, media):
    """A file beyond MAX_UPLOAD_BYTES is not even read."""
    settings.MAX_UPLOAD_BYTES = 100
    assert upload(user, picture(size=(99, 99))).status_code == 413
    assert files(media) == []


def test_anonymous_upload(anonymous, settings, media):
    """Where anonymous clients may not write, they store no file."""
    settings.ANONYMOUS_WRITES = False
    for url in ("/item/", "/itemslist/"):
        assert upload(anonymous, picture(), url).status_code == 403
    assert files(media) == []


@pytest.mark.parametrize("name", ["../../tea.png", "/etc/tea.png", "..\\tea.png", "a/b/tea.png"])
def test_path_in_the_name(user, media, name):
    """Of a path only the name is taken."""
    fields = {"title": "tea", "picture": picture()}
    body = encode_multipart(BOUNDARY, fields).replace(b"tea.png", name.encode())
    assert user.post("/item/", body, content_type=MULTIPART_CONTENT).status_code == 201
    assert files(media) == ["items/tea.png"]


def test_taken_name(user, media):
    """Two pictures of one name are two files."""
    first, second = (upload(user, picture(color=color)) for color in ("green", "black"))
    assert first.json()["picture"] != second.json()["picture"]
    assert len(files(media)) == 2


def test_replaced_and_removed(user, media, commits):
    """A file goes with its row, when another takes its place, and when null does."""
    with commits:
        urls = [upload(user, picture(f"{name}.png")).json()["url"] for name in "abc"]
        upload(user, picture("d.png"), urls[0], "put")
        assert user.patch(urls[1], {"picture": None}, format="json").json()["picture"] is None
        assert user.delete(urls[2]).status_code == 204
        assert len(files(media)) == 4
    assert files(media) == ["items/d.png"]


def test_change_without_a_file(user, media, commits):
    """A change that does not speak of the picture leaves it alone."""
    item = upload(user, picture()).json()
    with commits:
        for method in (user.put, user.patch):
            changed = method(item["url"], {"title": "coffee"}, format="json").json()
            assert changed == item | {"title": "coffee"}
    assert files(media) == ["items/tea.png"]


def test_admin(superuser, media):
    """The admin takes a picture too, and links to it."""
    assert upload(superuser, picture(), "/admin/itemslist/itemlist/add/").status_code == 302
    assert 'href="/media/items/tea.png"' in superuser.get("/admin/itemslist/itemlist/").text


def test_production_without_a_bucket(user, settings, media):
    """Where the next release would lose it, no file is taken; items without one are."""
    settings.PRODUCTION = True
    response = upload(user, picture())
    assert response.status_code == 400
    assert "AWS_STORAGE_BUCKET_NAME" in response.text
    assert user.post("/item/", {"title": "tea"}).status_code == 201
    assert files(media) == []


def test_bucket(settings, monkeypatch):
    """With a bucket the URL is signed, for an hour, at a host that pages may show pictures from."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # it would be the host of the URL
    bucket = {"AWS_STORAGE_BUCKET_NAME": "shop-uploads", "AWS_REGION": "eu-central-1"}
    found = settings_from(**PRODUCTION, **bucket)
    options = {"access_key": "AKIAEXAMPLE", "secret_key": "example"}
    found["STORAGES"]["default"]["OPTIONS"] |= options
    settings.STORAGES = found["STORAGES"]
    storage: Any = storages["default"]
    url = storage.url("items/tea.png")
    host = "https://shop-uploads.s3.eu-central-1.amazonaws.com"
    assert url.startswith(f"{host}/items/tea.png?")
    assert "X-Amz-Signature=" in url
    assert "X-Amz-Expires=3600" in url
    assert host in found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["img-src"]
    with ThreadPoolExecutor() as pool:  # greenlets are threads to it
        assert pool.submit(getattr, storage, "connection").result() is storage.connection
