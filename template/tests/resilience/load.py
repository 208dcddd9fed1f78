"""Clients that send requests without a pause, and look at every byte of each answer."""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

HEADERS = {"Host": "localhost", "X-Forwarded-Proto": "https", "Content-Type": "application/json"}
SECONDS = 60  # after which an answer counts as none


@dataclass
class Tally:
    """What came of the requests of a client, or of several."""

    requests: int = 0
    failures: list[str] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    versions: Counter = field(default_factory=Counter)
    created: dict[int, str] = field(default_factory=dict)  # acknowledged: the title of each id
    failed_at: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in what came of another client's requests."""
        self.requests += other.requests
        self.failures += other.failures
        # Copies, because the other client may count a status that it has not seen before.
        self.statuses += other.statuses.copy()
        self.versions += other.versions.copy()
        self.created |= other.created
        self.failed_at += other.failed_at
        self.seconds += other.seconds

    def quantile(self, share: float) -> float:
        """The seconds within which the share of the requests was answered."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]


class Client:
    """A client that keeps its connection alive, or makes a new one for each request."""

    def __init__(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        keep_alive: bool = True,
        slow_seconds: float = 0,
    ) -> None:
        self.connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        self.keep_alive = keep_alive
        self.slow_seconds = slow_seconds
        self.tally = Tally()

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """The status and the body of the answer; a slow client sends its own body in pieces."""
        pieces = self.pieces(body) if body and self.slow_seconds else body
        length = {"Content-Length": str(len(body))} if body else {}
        self.connection.request(method, path, pieces, HEADERS | length)
        response = self.connection.getresponse()
        content = response.read()
        if not self.keep_alive:
            self.connection.close()
        self.tally.statuses[response.status] += 1
        return response.status, content

    def pieces(self, body: str) -> list[bytes]:
        """The body in five pieces, with time between them."""
        size = -(-len(body) // 5)
        for begin in range(0, len(body), size):
            time.sleep(self.slow_seconds / 5)
            yield body[begin : begin + size].encode()

    def version(self) -> None:
        """Ask for the version; raise AssertionError unless the answer is right."""
        status, content = self.ask("GET", "/version")
        assert status == 200, (status, content)
        self.tally.versions[json.loads(content)["commit"]] += 1

    def create(self) -> None:
        """Create an item; raise AssertionError unless it is acknowledged."""
        title = f"{random.getrandbits(64):016x}"
        status, content = self.ask("POST", "/itemslist/", json.dumps({"title": title}))
        assert status == 201, (status, content)
        item = json.loads(content)
        assert item["title"] == title, content
        self.tally.created[item["id"]] = title

    def read(self) -> None:
        """Read an item of one's own; raise AssertionError unless it is as it was written."""
        number, title = next(reversed(self.tally.created.items()))
        status, content = self.ask("GET", f"/itemslist/{number}/")
        assert status == 200, (status, content)
        assert json.loads(content)["title"] == title, content

    def attempt(self, request: Callable[[], None]) -> None:
        """Make a request, and keep count of it."""
        begin = time.monotonic()
        self.tally.requests += 1
        try:
            request()
        except (AssertionError, OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.tally.failures.append(f"{request.__name__}: {error!r}")
            self.tally.failed_at.append(time.monotonic())
            time.sleep(0.05)
        self.tally.seconds.append(time.monotonic() - begin)


class Load:
    """Clients in threads, from the beginning of the context to its end."""

    def __init__(self, *clients: Client, requests: tuple[str, ...], pause: float = 0) -> None:
        self.clients = clients
        self.pause = pause  # seconds between two requests of a client
        self.requests = requests
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(each,)) for each in clients]

    def work(self, client: Client) -> None:
        """Send requests until the end."""
        names = itertools.cycle(self.requests)
        while not self.ended.is_set():
            client.attempt(getattr(client, next(names)))
            self.ended.wait(self.pause)
        client.connection.close()

    def wait_for(self, requests: int) -> None:
        """Return when so many requests have been made."""
        while self.tally.requests < requests:
            time.sleep(0.1)

    @property
    def tally(self) -> Tally:
        """What came of all requests so far."""
        total = Tally()
        for client in self.clients:
            total.add(client.tally)
        return total

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()
