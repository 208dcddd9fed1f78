"""The memory of the container after its start, and after many requests."""

from template.bench import wrk
from template.bench.databases import databases
from template.bench.figures import Figures
from template.bench.rows import Row, at_most, row_of_bytes
from template.bench.servers import BARE, HEADERS, Server, serving

PATH = "/itemslist/"
STARTPROJECT = (
    "sh -c 'django-admin startproject project /tmp && cd /tmp"
    f" && exec {BARE} --worker-class=gevent --workers=2 project.wsgi'"
)
RIVAL = "`startproject` under a bare gunicorn with as many workers of the same class"


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: after the start, after half of the requests, after all."""
    with (
        databases(image, 10) as (database,),
        serving(image, "", **database.environment) as server,
        serving(image, STARTPROJECT, DJANGO_SETTINGS_MODULE="project.settings") as bare,
    ):
        start, half, end = grow(server, PATH, figures)
        rival_start, _, rival_end = grow(bare, "/", figures, share=0.1)
    after = f"memory after {figures.requests:,} requests"
    return [
        row_of_bytes("memory", "memory after the start", RIVAL, start, rival_start, at_most(1.5)),
        row_of_bytes("memory", after, RIVAL, end, rival_end, at_most(1.5)),
        row_of_bytes("memory", after, "itself after half of them", end, half, at_most(1.05)),
    ]


def grow(server: Server, path: str, figures: Figures, share: float = 1) -> list[int]:
    """The bytes after the start (and a first request), after half of the requests and after all."""
    server.wait_for(path)
    sizes = [server.memory()]
    for _ in range(2):
        send(server, path, figures, int(share * figures.requests / 2))
        sizes.append(server.memory())
    return sizes


def send(server: Server, path: str, figures: Figures, requests: int) -> None:
    """Send at least so many requests."""
    while requests > 0:
        requests -= wrk.run(
            server.url + path, figures.seconds, figures.connections, HEADERS
        ).requests
