"""A page and a create with many rows, beside the same with a hundred."""

import http.client
import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from template.bench.databases import Database, databases
from template.bench.figures import Figures
from template.bench.images import Images
from template.bench.rows import Row, at_most, figure, ratios
from template.bench.servers import PATIENCE, Server, serving

FEW = 100
LISTS = ("/itemslist/", "/item/", "/users/", "/groups/")
ADMIN = ("/admin/itemslist/itemlist/", "/admin/auth/user/", "/admin/auth/group/")
CREATED = json.dumps({"title": "Milk"})


@dataclass(frozen=True)
class Page:
    """A request for the large database, and the one for the small that it is compared with."""

    what: str
    path: str
    beside: str
    method: str = "GET"


class Client:
    """A client of a server, with the session of a superuser."""

    def __init__(self, server: Server, database: Database) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self.headers = database.headers | {"Content-Type": "application/json"}

    def seconds(self, method: str, path: str) -> float:
        """How long the answer took; raises AssertionError unless it is a success."""
        headers, body = self.headers, None
        if method == "POST":
            # A stranger's request: a signed-in one would need a token against forgery.
            headers, body = {**headers, "Cookie": ""}, CREATED
        begin = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        took = time.perf_counter() - begin
        if response.status not in (http.client.OK, http.client.CREATED):
            raise AssertionError(f"{method} {path}: {response.status} {content[:200]!r}")
        return took


def measure(figures: Figures, images: Images) -> list[Row]:
    """The rows for each kind of database."""
    return [row for kind in figures.databases for row in compare(figures, images, kind)]


def compare(figures: Figures, images: Images, kind: str) -> list[Row]:
    """The rows for one kind of database, with few rows and with many."""
    with (
        databases(images.ours, kind, FEW, figures.rows) as (small, large),
        serving(images.ours, "", *small.options, **small.environment) as with_few,
        serving(images.ours, "", *large.options, **large.environment) as with_many,
    ):
        with_few.wait_for("/health/ready/")
        with_many.wait_for("/health/ready/")
        few, many = Client(with_few, small), Client(with_many, large)
        return [against_few(figures, page, kind, few, many) for page in pages(figures.rows)]


def pages(rows: int) -> list[Page]:
    """The pages that are asked for: the first, one in the middle and the last of each list."""
    found = []
    for path in LISTS:
        found.append(Page(f"{path}, first page", path, path))
        found += [
            Page(f"{path}, {where} page", f"{path}?cursor={cursor(position)}", path)
            for where, position in (("middle", rows // 2), ("last", rows - FEW))
        ]
    for path in ADMIN:
        last = min(rows, 10_000) // FEW
        found.append(Page(f"{path}, first page", path, path))
        # Beside a page with a query, which the address of every row repeats.
        found.append(Page(f"{path}, page {last}", f"{path}?p={last}", f"{path}?p=1"))
    return [*found, Page("create, POST /itemslist/", "/itemslist/", "/itemslist/", "POST")]


def cursor(position: int) -> str:
    """The cursor of the page after a primary key, as the API's links have it."""
    return b64encode(f"p={position}".encode()).decode()


def against_few(figures: Figures, page: Page, kind: str, few: Client, many: Client) -> Row:
    """The comparison of a page, in rounds in which the two take turns with every request."""
    rounds = [
        take_turns(
            figures.asks,
            lambda: many.seconds(page.method, page.path),
            lambda: few.seconds(page.method, page.beside),
        )
        for _ in range(figures.rounds + 1)
    ][1:]
    large, small = ([1000 * each[side] for each in rounds] for side in (0, 1))
    return Row(
        part="growth",
        what=f"p50 of {page.what}, {figures.rows:,} rows, {kind}",
        against=f"itself with {FEW} rows",
        ours=figure(large, "ms"),
        theirs=figure(small, "ms"),
        values=ratios(large, small),
        goal=at_most(1.2),
    )


def take_turns(times: int, *actions: Callable[[], float]) -> list[float]:
    """The median of what each action returns, called one after the other."""
    results = [[action() for action in actions] for _ in range(times)]
    return [median(column) for column in zip(*results, strict=True)]
