"""Redis as a program, which two services share, and which dies and hangs under load."""

import contextlib
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
import requests

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.app.commands import gunicorn, production
from template.tests.image.containers import until
from template.tests.resilience.test_tls import certificate

RATE = 20  # requests an hour, which no test takes
REQUESTS = 10  # of each client while Redis is away
LONG = 30  # seconds: whoever waits for Redis itself waits for ever


class Redis:
    """A server on a port that it keeps."""

    def __init__(self, program: str, folder: Path) -> None:
        self.command = [program, "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
        self.port = free_port()

    @property
    def url(self) -> str:
        """The CACHE_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = [*self.command, "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        assert until(self.answers)

    def answers(self) -> bool:
        """Whether it does."""
        ping = ["redis-cli", "-p", str(self.port), "ping"]
        return "PONG" in subprocess.run(ping, capture_output=True, text=True, check=False).stdout

    def end(self) -> None:
        """End it like a crash."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(redis_server: str, tmp_path: Path) -> Iterator[Redis]:
    """A server that runs."""
    server = Redis(redis_server, tmp_path)
    server.start()
    yield server
    server.end()


@pytest.fixture
def services(redis: Redis, tmp_path: Path) -> Iterator[list[str]]:
    """The URLs of two services, as two containers are, on one database and one cache."""
    environment = production(tmp_path) | {
        "ANONYMOUS_RATE": f"{RATE}/hour",
        "CACHE_URL": redis.url,
        "NUM_PROXIES": "1",
    }
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(gunicorn(tmp_path / f"log{number}", **environment))
            for number in range(2)
        ]


def codes(services: list[str], times: int, client: str) -> Counter:
    """How often so many requests of a client, to the services in turns, got each status."""
    headers = {"X-Forwarded-For": client}
    with requests.Session() as browser:
        return Counter(
            browser.get(f"{services[n % 2]}/itemslist", headers=headers, timeout=60).status_code
            for n in range(times)
        )


def test_services_count_together(services):
    """A limit is one of all workers of all containers."""
    assert codes(services, 3 * RATE, "203.0.113.1") == {200: RATE, 429: 2 * RATE}
    assert codes(services, 1, "203.0.113.2") == {200: 1}


def hammer(services: list[str], away: Event) -> list[int]:
    """The status of each request of eight clients, who each make some before and some after."""

    def ask(number: int) -> list[int]:
        found, later = [], 0
        with requests.Session() as browser:
            while later < REQUESTS:
                later += away.is_set()
                headers = {"X-Forwarded-For": f"198.51.100.{len(found)}"}
                url = f"{services[number % 2]}/itemslist"
                answer = browser.get(url, headers=headers, timeout=LONG)
                found.append(answer.status_code)
        return found

    with ThreadPoolExecutor(8) as pool:
        return [each for found in pool.map(ask, range(8)) for each in found]


@pytest.mark.parametrize("trouble", exhaustive.rows(["dies", "hangs"], "dies"))
def test_trouble_under_load(services, redis, trouble):
    """While Redis is away nobody is refused or waits for long; when it is back, it counts again."""
    away = Event()
    with ThreadPoolExecutor() as pool:
        load = pool.submit(hammer, services, away)
        time.sleep(1)
        if trouble == "dies":
            redis.end()
        else:
            redis.process.send_signal(signal.SIGSTOP)
        away.set()
        answers = load.result()
    assert set(answers) == {200}
    assert codes(services, 2, "203.0.113.3") == {200: 2}
    if trouble == "dies":
        redis.start()
    else:
        redis.process.send_signal(signal.SIGCONT)
    assert codes(services, 3 * RATE, "203.0.113.4")[429] == 2 * RATE


def listens(port: int) -> bool:
    """Whether anybody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@exhaustive.MARK
@pytest.mark.parametrize(("authority", "limited"), [("ours", True), ("others", False)])
def test_encrypted(redis_server, tmp_path, authority, limited):
    """A cache by `rediss` is asked who it is; one that cannot tell is as good as none."""
    signer, key = certificate(tmp_path, "ours")
    certificate(tmp_path, "others")
    signed = ("-CA", str(signer), "-CAkey", str(key), "-addext", "subjectAltName=DNS:localhost")
    cert, key = certificate(tmp_path, "server", *signed)
    port = free_port()
    tls = ["--tls-port", str(port), "--port", "0", "--tls-auth-clients", "no"]
    tls += ["--tls-cert-file", str(cert), "--tls-key-file", str(key)]
    tls += ["--tls-ca-cert-file", str(signer), "--save", "", "--bind", "127.0.0.1"]
    environment = production(tmp_path) | {
        "ANONYMOUS_RATE": "1/hour",
        "CACHE_URL": f"rediss://localhost:{port}/0",
        "SSL_CERT_FILE": str(tmp_path / f"{authority}.pem"),
    }
    with subprocess.Popen([redis_server, *tls], stdout=subprocess.DEVNULL) as process:
        try:
            assert until(lambda: listens(port))
            with gunicorn(tmp_path / "log", **environment) as url:
                found = codes([url, url], 8, "203.0.113.6")
        finally:
            process.kill()
    assert found == ({200: 1, 429: 7} if limited else {200: 8})
