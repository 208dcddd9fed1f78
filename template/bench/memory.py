"""The memory of the container after its start, and after many requests."""

from template.bench import wrk
from template.bench.databases import databases
from template.bench.figures import Figures
from template.bench.images import Images
from template.bench.rows import Row, at_most, row_of_bytes
from template.bench.servers import HEADERS, Server, serving

PATH = "/itemslist/"
# As many processes and threads as the image has.
STARTPROJECT = (
    "sh -c 'django-admin startproject project /tmp && cd /tmp"
    " && export DJANGO_SETTINGS_MODULE=project.settings && exec gunicorn project.wsgi"
    " --config=/dev/null --bind=127.0.0.1:{port} --workers=2 --threads=2'"
)
BARE = "`startproject` under a bare gunicorn with as many processes and threads"


def measure(figures: Figures, images: Images) -> list[Row]:
    """The rows: after the start, after half of the requests, after all."""
    kind = figures.databases[0]
    with (
        databases(images.ours, kind, 10) as (database,),
        serving(images.ours, "", *database.options, **database.environment) as server,
        serving(images.ours, STARTPROJECT) as bare,
    ):
        ours = grow(server, PATH, figures)
        theirs = grow(bare, "/", figures, share=0.1)
    start, half, end = ours
    return [
        row_of_bytes("memory", "memory after the start", BARE, start, theirs[0], at_most(1.5)),
        row_of_bytes(
            "memory",
            f"memory after {figures.requests:,} requests",
            BARE,
            end,
            theirs[2],
            at_most(1.5),
        ),
        row_of_bytes(
            "memory",
            f"memory after {figures.requests:,} requests",
            "itself after half of them",
            *(end, half, at_most(1.05)),
        ),
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
