"""The real registry that keeps the images: Docker's own, on loopback, behind a password."""

import contextlib
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import requests
import yaml

from template.rehearsal import processes

IMAGE = "public.ecr.aws/docker/library/registry:2.8.3"
PROGRAM = "docker-registry"
USER = "ecr"
PATIENCE = 120.0  # seconds that it may take to start
LISTENING = re.compile(r"listening on (?:127\.0\.0\.1|\[::\]):(\d+)")
# The program, killed as soon as its input ends: however this process ends, also by SIGKILL.
UNTIL_THE_INPUT_ENDS = 'exec 3<&0; (read -r _ <&3; kill -KILL $$) & exec "$0" serve "$1"'
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class RegistryError(RuntimeError):
    """The registry did not start, or does not answer; the message says what to do."""


@dataclass(frozen=True)
class Manifest:
    """A manifest as the registry keeps it."""

    digest: str
    media_type: str
    body: bytes


@dataclass(frozen=True)
class Registry:
    """A running registry at an endpoint, `127.0.0.1:PORT`, with the password that it wants."""

    endpoint: str
    password: str

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """What a tag or a digest names, or nothing."""
        response = self._get(f"{repository}/manifests/{reference}", Accept=", ".join(MANIFESTS))
        if response is None:
            return None
        headers = response.headers
        return Manifest(headers["Docker-Content-Digest"], headers["Content-Type"], response.content)

    def put(self, repository: str, tag: str, manifest: Manifest) -> None:
        """Name a manifest whose blobs are there already."""
        requests.put(
            f"http://{self.endpoint}/v2/{repository}/manifests/{tag}",
            manifest.body,
            auth=(USER, self.password),
            headers={"Content-Type": manifest.media_type},
            timeout=PATIENCE,
        ).raise_for_status()

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest, with every tag that names it; its blobs stay."""
        requests.delete(
            f"http://{self.endpoint}/v2/{repository}/manifests/{digest}",
            auth=(USER, self.password),
            timeout=PATIENCE,
        ).raise_for_status()

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest that a tag names, or nothing."""
        manifest = self.manifest(repository, tag)
        return manifest and manifest.digest

    def tags(self, repository: str) -> dict[str, str]:
        """The digest of every tag of a repository."""
        response = self._get(f"{repository}/tags/list")
        names = (response.json()["tags"] or []) if response else []
        return {name: self.digest(repository, name) for name in sorted(names)}

    def _get(self, path: str, **headers: str) -> requests.Response | None:
        response = requests.get(
            f"http://{self.endpoint}/v2/{path}",
            auth=(USER, self.password),
            headers=headers,
            timeout=PATIENCE,
        )
        if response.status_code == requests.codes.not_found:
            return None
        response.raise_for_status()
        return response


@contextlib.contextmanager
def serve() -> Iterator[Registry]:
    """Run an empty registry while the context lasts, and leave nothing of it behind.

    It is the program `docker-registry` where that is on PATH, else a container of Docker's
    `registry` image. Raises RegistryError when it does not start.
    """
    password = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        run = _program if shutil.which(PROGRAM) else _container
        with run(Path(folder), password) as endpoint:
            yield Registry(endpoint, password)


@contextlib.contextmanager
def _program(folder: Path, password: str) -> Iterator[str]:
    config = {
        "version": 0.1,
        "log": {"accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": "127.0.0.1:0", "secret": password},
        "auth": {"htpasswd": {"realm": "registry", "path": str(_htpasswd(folder, password))}},
    }
    file = folder / "config.yml"
    file.write_text(yaml.safe_dump(config))
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["sh", "-c", UNTIL_THE_INPUT_ENDS, PROGRAM, file],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield f"127.0.0.1:{_port(log, process)}"
        finally:
            process.stdin.close()
            process.wait()


def _port(log: Path, process: subprocess.Popen) -> str:
    """The port in the log, once the registry listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if found := LISTENING.search(log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RegistryError(f"{PROGRAM} did not start. It says:\n{log.read_text()}")


@contextlib.contextmanager
def _container(folder: Path, password: str) -> Iterator[str]:
    options = {
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "registry",
        "REGISTRY_AUTH_HTPASSWD_PATH": "/auth/htpasswd",
        "REGISTRY_HTTP_ADDR": ":5000",
        "REGISTRY_HTTP_SECRET": password,
        "REGISTRY_STORAGE_DELETE_ENABLED": "true",
    }
    variables = [f"--env={name}={value}" for name, value in options.items()]
    volume = f"--volume={_htpasswd(folder, password)}:/auth/htpasswd:ro"
    publish = "--publish=127.0.0.1::5000"
    name = f"rehearsal-registry-{secrets.token_hex(8)}"
    try:
        _docker("run", "--detach", "--name", name, publish, volume, *variables, IMAGE)
        endpoint = _docker("port", name, "5000/tcp")
        _wait(endpoint)
        yield endpoint
    finally:
        with contextlib.suppress(RegistryError):  # it never came to be
            _docker("container", "inspect", name)
            _docker("rm", "--force", "--volumes", name)


def _docker(*arguments: str) -> str:
    try:
        done = processes.run(["docker", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise RegistryError(
            f"The rehearsal needs a registry: install Docker, or the program {PROGRAM}."
        ) from None
    except subprocess.CalledProcessError as error:
        raise RegistryError(
            f"`docker {arguments[0]}` failed for the registry. It says:\n{error.stderr.strip()}"
        ) from None
    return done.stdout.strip()


def _wait(endpoint: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(endpoint):
        if time.monotonic() > deadline:
            raise RegistryError(f"The registry in the container does not answer at {endpoint}.")
        time.sleep(0.05)


def _answers(endpoint: str) -> bool:
    try:
        requests.get(f"http://{endpoint}/v2/", timeout=PATIENCE)
    except requests.RequestException:
        return False
    return True


def _htpasswd(folder: Path, password: str) -> Path:
    """A password file in the only format that the registry reads, bcrypt."""
    digest = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()
    file = folder / "htpasswd"
    file.write_text(f"{USER}:{digest}\n")
    file.chmod(0o644)
    return file
