"""What a rehearsal takes from the machine that it runs on, and what it keeps away from."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

# How to reach the network and its packages; everything else of a person's environment stays out.
PASSED_ON = ("PIP_", "SSL_", "HTTP_", "HTTPS_", "NO_", "http_", "https_", "no_", "REQUESTS_CA_")


class MachineError(RuntimeError):
    """Something that the rehearsal needs is missing; the message says what to do."""


def check() -> None:
    """Raise MachineError unless Docker answers and what runs the workflows is installed."""
    for program in ("act", "aws"):
        if shutil.which(program, path=search_path()) is None:
            raise MachineError(f"{program} is not installed. Run: make install")
    if shutil.which("docker") is None:
        raise MachineError("The rehearsal needs Docker: https://docs.docker.com/get-docker/")
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        raise MachineError("Docker does not answer. Start it, and try `docker info`.")
    if subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode:
        raise MachineError("Docker has no buildx: https://docs.docker.com/go/buildx/")


def environment(home: Path) -> dict[str, str]:
    """An environment in which a run sees neither the person's credentials nor their logins.

    Docker's own address and plugins are kept, its configuration is a new one under `home`.
    """
    config = home / ".docker"
    config.mkdir(parents=True)
    plugins = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker")) / "cli-plugins"
    if plugins.is_dir():
        (config / "cli-plugins").symlink_to(plugins)
    kept = {key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)}
    return {
        **kept,
        "PATH": search_path(),
        "VENV": sys.prefix,
        "HOME": str(home),
        "DOCKER_CONFIG": str(config),
        "DOCKER_HOST": docker_host(),
        "LANG": "C.UTF-8",
        "BUILDKIT_PROGRESS": "plain",
    }


def search_path() -> str:
    """Where programs are found: beside this Python first, then where the person finds them."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def docker_host() -> str:
    """The address of the Docker Engine that the person's context names."""
    shown = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    return subprocess.run(shown, capture_output=True, text=True, check=True).stdout.strip()


def reaches_github() -> bool:
    """Whether actions can be downloaded, and run: they are written for Node."""
    if shutil.which("node") is None:
        return False
    try:
        socket.create_connection(("github.com", 443), timeout=3).close()
    except OSError:
        return False
    return True
