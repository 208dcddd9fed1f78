"""What a rehearsal takes from the machine that it runs on, and what it keeps away from."""

import os
import secrets
import shlex
import shutil
import socket
import sys
import tempfile
from collections import deque
from pathlib import Path

from template.rehearsal import docker_objects, processes

# How to reach the network and its packages; everything else of a person's environment stays out.
PASSED_ON = (
    "PIP_",
    "UV_",
    "SSL_",
    "HTTP_",
    "HTTPS_",
    "NO_",
    "http_",
    "https_",
    "no_",
    "REQUESTS_CA_",
)
# The same in the person's home, and what was downloaded before.
LINKED = (
    ".config/pip",
    ".config/uv",
    ".cache/pip",
    ".cache/uv",
    "Library/Application Support/pip",
    "Library/Caches/pip",
)

# Neither of servers that many machines have, nor of those that a kernel gives to connections.
PORTS = range(20_000, 32_768)
MOST_GUARDS = 100
_guards: deque[int] = deque()  # descriptors of sockets

# In the place of `sudo`, by which workflows install packages of GitHub's runner.
SUDO = """\
#!/bin/sh
echo "Left out, because a rehearsal does not change this machine: sudo $*"
"""


class MachineError(RuntimeError):
    """Something that the rehearsal needs is missing; the message says what to do."""


def check() -> None:
    """Raise MachineError unless Docker answers and what runs the workflows is installed."""
    folder = tempfile.gettempdir()
    if shlex.quote(folder) != folder:
        raise MachineError(
            f"act takes no blanks and quotes in {folder}. Choose another folder for temporary"
            " files: TMPDIR=/tmp make rehearse"
        )
    for program in ("act", "aws"):
        if shutil.which(program, path=search_path()) is None:
            raise MachineError(f"{program} is not installed. Run: make install-template")
    if shutil.which("docker") is None:
        raise MachineError("The rehearsal needs Docker: https://docs.docker.com/get-docker/")
    if processes.run(["docker", "info"], capture_output=True, check=False).returncode:
        raise MachineError("Docker does not answer. Start it, and try `docker info`.")
    if processes.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode:
        raise MachineError("Docker has no buildx: https://docs.docker.com/go/buildx/")


def environment(home: Path, run: str) -> dict[str, str]:
    """An environment in which a run sees neither the person's credentials nor their logins.

    What it writes is below `home`, temporary files too, and what it makes with Docker is labelled
    with the name of the run. Docker's own address and plugins are kept, its configuration is new.
    """
    config, programs, temporary = home / ".docker", home / "bin", home / "tmp"
    for folder in (config, programs, temporary):
        folder.mkdir(parents=True)
    plugins = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker")) / "cli-plugins"
    if plugins.is_dir():
        (config / "cli-plugins").symlink_to(plugins)
    for place in LINKED:
        if (Path.home() / place).is_dir():
            (home / place).parent.mkdir(parents=True, exist_ok=True)
            (home / place).symlink_to(Path.home() / place)
    docker_objects.write_command(programs / "docker", shutil.which("docker"), run)
    (programs / "sudo").write_text(SUDO)
    (programs / "sudo").chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)}
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{search_path()}",
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "DOCKER_CONFIG": str(config),
        "DOCKER_HOST": docker_host(),
        "COMPOSE_PROJECT_NAME": run,
        "DATABASE_PORT": str(free_port()),  # where compose.yaml publishes its database
        "LANG": "C.UTF-8",
        "BUILDKIT_PROGRESS": "plain",
    }


def search_path() -> str:
    """Where programs are found: beside this Python first, then where the person finds them."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def docker_host() -> str:
    """The address of the Docker Engine that the person's context names."""
    shown = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    return processes.run(shown, capture_output=True, text=True, check=True).stdout.strip()


def free_port() -> int:
    """A port on loopback that nobody listens on, and that is given to nobody else.

    A server may take it long after: it is none of those from which systems choose one for a
    connection, and a UDP socket on the same number tells other processes like this one that it is
    taken, until this one ends or has been given a hundred others.
    """
    while True:
        port = secrets.choice(PORTS)
        guard = socket.socket(type=socket.SOCK_DGRAM)
        try:
            guard.bind(("127.0.0.1", port))
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            guard.close()
        else:
            _guards.append(guard.detach())
            if len(_guards) > MOST_GUARDS:
                os.close(_guards.popleft())
            return port


def reaches_github() -> bool:
    """Whether actions can be downloaded, and run: they are written for Node."""
    if shutil.which("node") is None:
        return False
    try:
        socket.create_connection(("github.com", 443), timeout=3).close()
    except OSError:
        return False
    return True
