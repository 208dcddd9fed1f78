"""Images for tests, made by hand and by Docker."""

import hashlib
import json

import requests

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b'{"architecture": "amd64", "os": "linux"}'


def digest(content: bytes) -> str:
    """The name of a content in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(content: bytes, media_type: str) -> dict:
    """How a manifest mentions a content."""
    return {"mediaType": media_type, "digest": digest(content), "size": len(content)}


def manifest(layer: bytes) -> bytes:
    """A manifest of an image with one layer."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
        }
    ).encode()


class Requests:
    """What Docker sends to a registry, one request at a time."""

    def __init__(self, endpoint: str, login: tuple[str, str]):
        self.endpoint = endpoint
        self.login = login

    def ask(self, method: str, path: str, **arguments: object) -> requests.Response:
        """One request about the repository."""
        url = path if path.startswith("http") else f"http://{self.endpoint}/v2/{path}"
        return requests.request(method, url, auth=self.login, timeout=60, **arguments)

    def upload(self, content: bytes, repository: str = "django-crud-app") -> requests.Response:
        """Upload a layer as Docker does: start, send in chunks of unknown number, finish."""
        started = self.ask("POST", f"{repository}/blobs/uploads/")
        sent = self.ask("PATCH", started.headers["Location"], data=iter([content]))
        return self.ask("PUT", f"{sent.headers['Location']}&digest={digest(content)}")

    def tag(self, body: bytes, tag: str, repository: str = "django-crud-app") -> requests.Response:
        """Store a manifest under a tag."""
        return self.ask(
            "PUT",
            f"{repository}/manifests/{tag}",
            data=body,
            headers={"Content-Type": MANIFEST},
        )

    def push(self, layer: bytes, tag: str) -> str:
        """Store an image with one layer under a tag; return its digest."""
        for content in (layer, CONFIG):
            self.upload(content).raise_for_status()
        self.tag(manifest(layer), tag).raise_for_status()
        return digest(manifest(layer))
