"""A registry of our own, and what Docker pushes to it."""

import base64
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from template.rehearsal.ecr import registry
from template.tests.image.containers import docker

REPOSITORY = "bench"
SECONDS = 600
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Registry:
    """A running registry with one repository, and the environment in which Docker may push."""

    running: registry.Registry
    environment: dict[str, str]

    def name(self, tag: str) -> str:
        """The full name of an image."""
        return f"{self.running.endpoint}/{REPOSITORY}:{tag}"

    def push(self, image: str, tag: str) -> None:
        """Push a local image."""
        docker("tag", image, self.name(tag))
        docker("push", "--quiet", self.name(tag), env=self.environment)
        docker("image", "rm", self.name(tag))

    def layers(self, tag: str) -> dict[str, int]:
        """The layers of an image, the lowest first: compressed bytes by digest."""
        manifest = self.running.manifest(REPOSITORY, tag)
        return {layer["digest"]: layer["size"] for layer in json.loads(manifest.body)["layers"]}

    def digest(self, tag: str) -> str | None:
        """The digest that a tag names."""
        return self.running.digest(REPOSITORY, tag)

    def put_image(self, tag: str, layers: Iterable[Path]) -> None:
        """Put an image of layers that are uncompressed tar files."""
        described = [self.put_blob(layer, LAYER) for layer in layers]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in described]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.put_blob(json.dumps(config).encode(), CONFIG),
            "layers": described,
        }
        url = f"{self.url}/manifests/{tag}"
        self.send("PUT", url, json.dumps(manifest).encode(), {"Content-Type": MANIFEST})

    def put_blob(self, content: Path | bytes, kind: str) -> dict:
        """Put a blob; returns its description in a manifest."""
        if isinstance(content, bytes):
            digest, size, body = hashlib.sha256(content), len(content), content
        else:
            with content.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256")
            size, body = content.stat().st_size, content
        name = f"sha256:{digest.hexdigest()}"
        place = self.send("POST", f"{self.url}/blobs/uploads/").headers["Location"]
        self.send("PUT", f"{place}&digest={name}", body)
        return {"mediaType": kind, "digest": name, "size": size}

    @property
    def url(self) -> str:
        """The address of the repository."""
        return f"http://{self.running.endpoint}/v2/{REPOSITORY}"

    def send(
        self, method: str, url: str, body: Path | bytes = b"", headers: dict | None = None
    ) -> requests.Response:
        """Send a request; raises requests.HTTPError for a refusal."""
        with contextlib.ExitStack() as stack:
            data = stack.enter_context(body.open("rb")) if isinstance(body, Path) else body
            user = (registry.USER, self.running.password)
            response = requests.request(
                method, url, data=data, headers=headers, auth=user, timeout=SECONDS
            )
        response.raise_for_status()
        return response


@contextlib.contextmanager
def serve() -> Iterator[Registry]:
    """Run an empty registry while the context lasts."""
    with registry.serve() as running, tempfile.TemporaryDirectory(prefix="docker-") as folder:
        user = base64.b64encode(f"{registry.USER}:{running.password}".encode()).decode()
        config = {"auths": {running.endpoint: {"auth": user}}}
        (Path(folder) / "config.json").write_text(json.dumps(config))
        yield Registry(running, {**os.environ, "DOCKER_CONFIG": folder})
