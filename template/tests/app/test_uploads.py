"""Uploads to a bucket, by moto's S3 as a server, and to the folder of the demo."""

import http.client
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.exceptions import ClientError
from PIL import Image

from template.tests.app.commands import aws_client, manage, production, runserver

BUCKET = "shop-production-uploads"
PRIVATE = {"FULL_CONTROL"}  # of the owner, and nobody else's


def picture(color: str = "green") -> bytes:
    """A PNG."""
    file = BytesIO()
    Image.new("RGB", (9, 9), color).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def s3(aws: dict[str, str]) -> Any:
    """S3's client, with the bucket of a stage."""
    client = aws_client("s3", aws)
    where = {"LocationConstraint": aws["AWS_REGION"]}
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    return client


@pytest.fixture(scope="module")
def service(aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a service with a bucket."""
    environment = production(tmp_path_factory.mktemp("service"))
    with runserver(**environment, **aws, AWS_STORAGE_BUCKET_NAME=BUCKET) as url:
        yield url


def upload(url: str, name: str = "tea.png", **options: Any) -> requests.Response:
    """The response to an item with a picture, whose kind the client tells wrongly."""
    files = {"picture": (name, options.pop("content", picture()), "text/html")}
    return requests.request(
        options.pop("method", "POST"), url, data={"title": "tea"}, files=files, timeout=60
    )


def keys(s3: Any) -> list[str]:
    """The keys of the bucket's objects."""
    return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_object_is_private(service, s3):
    """A picture is an object of its true kind, for its owner alone, and for whom the URL is."""
    before = keys(s3)
    item = upload(f"{service}/itemslist/", "own.png").json()
    [key] = set(keys(s3)) - set(before)
    assert key == "items/own.png"
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "image/png"
    grants = s3.get_object_acl(Bucket=BUCKET, Key=key)["Grants"]
    assert {grant["Permission"] for grant in grants} == PRIVATE
    query = parse_qs(urlsplit(item["picture"]).query)
    assert query["X-Amz-Expires"] == ["3600"]
    assert query["X-Amz-Signature"]
    assert requests.get(item["picture"], timeout=60).content == picture()


def test_object_goes_with_its_row(service, s3):
    """An object goes when another takes its place, and when its item does."""
    before = keys(s3)
    item = upload(f"{service}/itemslist/").json()
    [first] = set(keys(s3)) - set(before)
    upload(item["url"], "coffee.png", method="PUT", content=picture("black"))
    [second] = set(keys(s3)) - set(before)
    assert first != second
    assert requests.delete(item["url"], timeout=60).status_code == 204
    assert keys(s3) == before


def test_taken_name_overwrites_nothing(service, s3):
    """Two pictures of one name are two objects."""
    before = keys(s3)
    first, second = (upload(f"{service}/itemslist/", "same.png").json() for _ in range(2))
    assert urlsplit(first["picture"]).path != urlsplit(second["picture"]).path
    assert len(keys(s3)) == len(before) + 2


@pytest.mark.parametrize("name", ["../../tea.png", "/etc/tea.png", "..\\..\\tea.png"])
def test_key_has_no_path_of_the_client(service, s3, name):
    """Whatever path a client writes, the key is in the folder of the items."""
    before = keys(s3)
    assert upload(f"{service}/itemslist/", name).status_code == 201
    [key] = set(keys(s3)) - set(before)
    assert re.fullmatch(r"items/tea\w*\.png", key)


def test_what_is_refused_is_not_stored(service, s3):
    """Neither a page that is called a picture, nor a file that is too large, gets there."""
    before = keys(s3)
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    assert upload(f"{service}/itemslist/", content=page).status_code == 400
    assert upload(f"{service}/itemslist/", "tea.svg", content=b"<svg/>").status_code == 400
    assert upload(f"{service}/itemslist/", content=b"a" * 11 * 2**20).status_code == 413
    assert keys(s3) == before


def test_bucket_is_away(tmp_path, aws):
    """Without its bucket a service works as ever, and an upload fails, and waits for nobody."""
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    environment = production(tmp_path)
    with runserver(**environment, **aws | nobody, AWS_STORAGE_BUCKET_NAME=BUCKET) as url:
        assert upload(f"{url}/itemslist/").status_code == 500
        assert requests.post(f"{url}/itemslist/", {"title": "tea"}, timeout=60).status_code == 201
        assert len(requests.get(f"{url}/itemslist", timeout=60).json()) == 1


def test_missing_bucket_is_an_error(s3):
    """The stand-in can say no."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.put_object(Bucket="other", Key="a", Body=b"")


def get(url: str, path: str) -> tuple[int, bytes]:
    """The status and the body of a path that no client cleans."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def test_demo_serves_its_folder(tmp_path):
    """The demo serves what was uploaded, and nothing beside it."""
    environment = {"DATA_DIR": str(tmp_path)}
    manage("migrate", **environment)
    with runserver(**environment) as url:
        item = upload(f"{url}/itemslist/").json()
        assert item["picture"] == f"{url}/media/items/tea.png"
        answer = requests.get(item["picture"], timeout=60)
        assert answer.content == picture()
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("../secret-key", "%2e%2e/secret-key", "..%2fsecret-key", "/etc/passwd", ""):
            status, body = get(url, f"/media/{path}")
            assert status in (400, 404), path
            assert (tmp_path / "secret-key").read_bytes() not in body


def test_production_serves_no_folder(tmp_path):
    """Production has no URL for a folder, and takes no file without a bucket."""
    environment = production(tmp_path)
    (tmp_path / "media").mkdir()
    (tmp_path / "media/tea.png").write_bytes(picture())
    with runserver(**environment) as url:
        assert get(url, "/media/tea.png")[0] == 404
        refused = upload(f"{url}/itemslist/")
        assert refused.status_code == 400
        assert "AWS_STORAGE_BUCKET_NAME is not set" in refused.text
    assert [path.name for path in (tmp_path / "media").iterdir()] == ["tea.png"]
