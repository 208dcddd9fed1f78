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
from template.bench.rows import Row, at_most, figure, ratios
from template.bench.servers import PATIENCE, Server, serving

FEW = 100
COUNTED = 10_000  # rows, beyond which the administration counts no further
READY = "/health/ready"
LISTS = ("/itemslist/", "/item/", "/users/", "/groups/")
ADMIN = ("/admin/itemslist/itemlist/",)
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
            # An anonymous request: a signed-in one would need a CSRF token.
            headers, body = {**headers, "Cookie": ""}, CREATED
        begin = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        took = time.perf_counter() - begin
        if response.status not in (http.client.OK, http.client.CREATED):
            raise AssertionError(f"{method} {path}: {response.status} {content[:200]!r}")
        return took


def measure(figures: Figures, image: str) -> list[Row]:
    """A row for each list, with few rows in the tables and with many."""
    with (
        databases(image, FEW, figures.rows) as (small, large),
        serving(image, "", **small.environment) as with_few,
        serving(image, "", **large.environment) as with_many,
    ):
        with_few.wait_for(READY)
        with_many.wait_for(READY)
        few, many = Client(with_few, small), Client(with_many, large)
        return [against_few(figures, each, few, many) for each in lists(figures.rows)]


def lists(rows: int) -> list[list[Page]]:
    """For each list the pages that are asked for; the last is a create."""
    return [
        *([page_of(path, position) for position in (0, rows // 2, rows - FEW)] for path in LISTS),
        *(pages_of_admin(path, min(rows, COUNTED) // FEW) for path in ADMIN),
        [Page("create, POST /itemslist/", "/itemslist/", "/itemslist/", "POST")],
    ]


def page_of(path: str, position: int) -> Page:
    """The page of a list that begins after a primary key."""
    where = f"{path}?cursor={cursor(position)}" if position else path
    return Page(f"{path}, first, middle and last page", where, path)


def pages_of_admin(path: str, last: int) -> list[Page]:
    """The first page of a list in the administration, and the last that it offers."""
    what = f"{path}, first and last page"
    # A page with a query is compared with one: the URL of every row repeats it.
    return [Page(what, path, path), Page(what, f"{path}?p={last}", f"{path}?p=1")]


def cursor(position: int) -> str:
    """The cursor of the page after a primary key, as the API's links have it."""
    return b64encode(f"p={position}".encode()).decode()


def against_few(figures: Figures, pages: list[Page], few: Client, many: Client) -> Row:
    """The comparison of a list: in each round, what its pages take one after the other."""
    rounds = [
        [ask_in_turns(figures.asks, page, few, many) for page in pages]
        for _ in range(figures.rounds + 1)
    ][1:]
    large, small = ([1000 * sum(page[i] for page in each) for each in rounds] for i in (0, 1))
    return Row(
        part="growth",
        what=f"p50 with {figures.rows:,} rows: {pages[0].what}",
        against=f"itself with {FEW} rows",
        ours=figure(large, "ms"),
        theirs=figure(small, "ms"),
        values=ratios(large, small),
        goal=at_most(1.2),
    )


def ask_in_turns(asks: int, page: Page, few: Client, many: Client) -> list[float]:
    """The median seconds of a page of the large database and of the small one."""
    return take_turns(
        asks,
        lambda: many.seconds(page.method, page.path),
        lambda: few.seconds(page.method, page.beside),
    )


def take_turns(times: int, *actions: Callable[[], float]) -> list[float]:
    """The median of what each action returns, called one after the other."""
    results = [[action() for action in actions] for _ in range(times)]
    return [median(column) for column in zip(*results, strict=True)]
