"""The service containers of jobs, which act starts only for a job that is in a container itself.

https://docs.github.com/en/actions/tutorials/use-containerized-services
"""

import re
import shlex
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from template.rehearsal import postgresql_image, processes
from template.rehearsal.machine import free_port

PATIENCE = 180.0  # seconds that a service may take until its health check passes
PORTS = re.compile(r"(?:(?:\d+\.){3}\d+:)?(?:(\d+):)?(\d+)(?:/tcp)?")
POSTGRESQL = re.compile(r"(^|/)postgres(:|$)")
Ports = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Service:
    """A service of a job in a workflow file; `definition` is what the file says of it."""

    file: Path
    job: str
    name: str
    definition: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name} of {self.file.name}: {self.job}"


def start(
    checkout: Path, workflow: str, environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Start the services of the jobs of a workflow, and of those that it calls.

    GitHub starts them with their job; here they are there from the beginning, on loopback. Where
    a port is taken on this machine, the job is told another one in the checkout. What they are
    made of is labelled by the `docker` of the environment. A service that does not start is told.
    """
    for service in found(checkout / ".github/workflows", workflow):
        if "${{" in yaml.safe_dump(service.definition):
            say(f"The service {service} is not started, because it has expressions.")
            continue
        ports, problem = _run(service, environment)
        if problem:
            say(f"The service {service} does not start: {problem}")
            continue
        move_ports(service, ports)
        places = ", ".join(f"127.0.0.1:{outer}" for _, outer in ports.values())
        say(f"The service {service} runs ({places or 'without a port'}).")


def _run(service: Service, environment: Mapping[str, str]) -> tuple[Ports, str]:
    """Start a service; its ports, and why it does not run, if so."""
    image = service.definition.get("image", "")
    if POSTGRESQL.search(image):
        postgresql_image.stand_in([image], environment)
    for _ in range(2):  # the first time, somebody may just take a port that was free
        ports = choose_ports(service)
        started = _docker(environment, "run", "--detach", *options(service, ports), image)
        if started.returncode == 0:
            break
    else:
        return ports, started.stderr.strip()
    container = started.stdout.strip()
    if _is_healthy(container, environment):
        return ports, ""
    log = _docker(environment, "logs", container)
    return ports, f"it is not healthy. {log.stdout}{log.stderr}".strip()


def found(folder: Path, workflow: str) -> Iterator[Service]:
    """The services of the jobs that run on this machine, of a workflow and those that it calls."""
    file = folder / workflow
    for key, job in yaml.safe_load(file.read_text())["jobs"].items():
        called = str(job.get("uses", ""))
        if called.startswith("./.github/workflows/"):
            yield from found(folder, Path(called).name)
        if "container" not in job:
            for name, definition in (job.get("services") or {}).items():
                yield Service(file, key, name, definition)


def choose_ports(service: Service) -> Ports:
    """By each port in the container: the one on the machine that is wanted, and a free one."""
    ports = {}
    for said in service.definition.get("ports", []):
        if match := PORTS.fullmatch(str(said)):
            outer, inner = match[1] or "", match[2]
            ports[inner] = (outer, outer if outer and _is_free(int(outer)) else str(free_port()))
    return ports


def options(service: Service, ports: Ports) -> list[str]:
    """The options of `docker run`."""
    said = service.definition
    published = [f"--publish=127.0.0.1:{outer}:{inner}" for inner, (_, outer) in ports.items()]
    variables = [f"--env={name}={value}" for name, value in (said.get("env") or {}).items()]
    volumes = [f"--volume={each}" for each in said.get("volumes", [])]
    return [*published, *variables, *volumes, *shlex.split(said.get("options", ""))]


def move_ports(service: Service, ports: Ports) -> None:
    """Tell the job the ports that were chosen, where it names others or asks for them."""
    text = service.file.read_text()
    begin, end = _span(text, service.job)
    job = text[begin:end]
    for inner, (wanted, outer) in ports.items():
        asked = rf"job\.services\.{re.escape(service.name)}\.ports\[['\"]?{inner}['\"]?\]"
        job = re.sub(rf"\$\{{\{{ *{asked} *\}}\}}", outer, job)
        if wanted and wanted != outer:
            job = re.sub(rf"(?<![\w.]){wanted}(?![\w.])", outer, job)
    service.file.write_text(text[:begin] + job + text[end:])


def _span(text: str, job: str) -> tuple[int, int]:
    """Where a job begins and ends in the text of a workflow."""
    workflow = yaml.compose(text).value
    jobs = next(value for key, value in workflow if key.value == "jobs").value
    node = next(value for key, value in jobs if key.value == job)
    return node.start_mark.index, node.end_mark.index


def _is_healthy(container: str, environment: Mapping[str, str]) -> bool:
    """Whether a container passes its health check, or runs and has none."""
    shown = "--format={{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = _docker(environment, "inspect", shown, container).stdout.strip()
        if state != "starting":
            return state in ("healthy", "running")
        time.sleep(0.2)
    return False


def _docker(environment: Mapping[str, str], *arguments: str) -> Any:
    command = ["docker", *arguments]
    return processes.run(
        command, env=dict(environment), capture_output=True, text=True, check=False
    )


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
