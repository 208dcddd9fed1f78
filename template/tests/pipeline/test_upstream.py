"""Requests and answers pass through to the registry a piece at a time."""

import hashlib
import socket
import tracemalloc

import requests

from template.rehearsal.ecr.registry import Registry
from template.tests.pipeline.images import digest

NAME = "django-crud-app"
MIB = 1024 * 1024


def test_part_of_a_layer(build_job):
    """A download goes on where it stopped."""
    build_job.upload(b"0123456789")
    path = f"{NAME}/blobs/{digest(b'0123456789')}"
    answer = build_job.ask("GET", path, headers={"Range": "bytes=4-6"})
    assert (answer.status_code, answer.content) == (requests.codes.partial_content, b"456")


def test_upload_stays_at_the_front(front, build_job):
    """Every address that an upload is told is the front's, with its UUID and range."""
    started = build_job.ask("POST", f"{NAME}/blobs/uploads/?mount={digest(b'x')}&from=other")
    assert started.status_code == requests.codes.accepted
    sent = build_job.ask("PATCH", started.headers["Location"], data=b"layer")
    for answer in (started, sent):
        assert answer.headers["Location"].startswith(f"http://{front.endpoint}/v2/{NAME}/")
        assert answer.headers["Docker-Upload-UUID"] in answer.headers["Location"]
    assert sent.headers["Range"] == "0-4"
    done = build_job.ask("PUT", f"{sent.headers['Location']}&digest={digest(b'layer')}")
    assert done.headers["Location"].startswith(f"http://{front.endpoint}/v2/{NAME}/blobs/")


def test_wrong_digest_is_refused(build_job):
    """The registry checks what it was sent."""
    started = build_job.ask("POST", f"{NAME}/blobs/uploads/")
    sent = build_job.ask("PATCH", started.headers["Location"], data=b"layer")
    done = build_job.ask("PUT", f"{sent.headers['Location']}&digest={digest(b'other')}")
    assert done.status_code == requests.codes.bad_request


def test_client_that_goes_away_is_forgotten(front, build_job, capfd):
    """A client that stops in the middle of a layer disturbs nobody, and nothing is printed."""
    started = build_job.ask("POST", f"{NAME}/blobs/uploads/")
    request = requests.Request("PATCH", started.headers["Location"], auth=build_job.login)
    login = request.prepare().headers["Authorization"]
    path = started.headers["Location"].removeprefix(f"http://{front.endpoint}")
    for framing in ("Content-Length: 100\r\n\r\nxxx", "Transfer-Encoding: chunked\r\n\r\n64\r\nxx"):
        with socket.create_connection(front.endpoint.split(":")) as connection:
            head = f"PATCH {path} HTTP/1.1\r\nHost: {front.endpoint}\r\nAuthorization: {login}\r\n"
            connection.sendall((head + framing).encode())
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1000) == b""
    assert build_job.push(b"layer", "latest")
    assert capfd.readouterr().err == ""


def test_missing_registry_is_told(front, build_job):
    """When the registry behind it is gone, the front says so."""
    front.registry = Registry("127.0.0.1:1", "password")
    answer = build_job.ask("GET", f"{NAME}/manifests/latest")
    assert answer.status_code == requests.codes.bad_gateway
    assert "does not answer" in answer.json()["errors"][0]["message"]


def test_large_layers_are_streamed(build_job):
    """A layer is never in memory as a whole, neither on its way in nor on its way out."""
    piece, count = bytes(MIB), 64
    name = f"sha256:{hashlib.sha256(piece * count).hexdigest()}"
    started = build_job.ask("POST", f"{NAME}/blobs/uploads/")
    tracemalloc.start()
    sent = build_job.ask("PATCH", started.headers["Location"], data=(piece for _ in range(count)))
    done = build_job.ask("PUT", f"{sent.headers['Location']}&digest={name}")
    with build_job.ask("GET", f"{NAME}/blobs/{name}", stream=True) as download:
        received = sum(len(part) for part in download.iter_content(MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert done.status_code == requests.codes.created
    assert received == count * MIB
    assert peak < 16 * MIB
