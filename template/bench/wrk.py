"""The load generator wrk: https://github.com/wg/wrk."""

import re
import shutil
import subprocess
from dataclasses import dataclass

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
ADVICE = "The program wrk is missing. Install it: apt-get install wrk (or: brew install wrk)."


class WrkError(RuntimeError):
    """There is no wrk, or its figures are of no use; the message says why."""


@dataclass(frozen=True)
class Load:
    """What a server did under load; latencies are in seconds."""

    requests: int
    per_second: float
    p50: float
    p99: float


def run(url: str, seconds: int, connections: int, headers: dict[str, str]) -> Load:
    """Send requests without a pause; raises WrkError without wrk, or when a request failed."""
    if not shutil.which("wrk"):
        raise WrkError(ADVICE)
    options = [f"--header={name}: {value}" for name, value in headers.items()]
    command = [
        "wrk",
        "--threads=1",
        "--timeout=10s",
        f"--connections={connections}",
        f"--duration={seconds}s",
    ]
    ended = subprocess.run(
        [*command, "--latency", *options, url], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise WrkError(f"wrk failed: {ended.stdout}{ended.stderr}")
    return parse(ended.stdout)


def parse(text: str) -> Load:
    """The figures in what wrk prints; raises WrkError if a request failed or none was answered."""
    failed = re.search(r"Non-2xx or 3xx responses: \d+|.*(?:connect|timeout) [1-9].*", text)
    if failed:
        raise WrkError(f"Requests failed: {failed[0].strip()}")
    if re.search(r"^\s+0 requests in", text, re.MULTILINE):
        raise WrkError("No request was answered.")
    return Load(
        requests=int(find(r"(\d+) requests in", text)),
        per_second=float(find(r"Requests/sec:\s+([\d.]+)", text)),
        p50=duration(find(r"^\s+50%\s+(\S+)", text)),
        p99=duration(find(r"^\s+99%\s+(\S+)", text)),
    )


def find(pattern: str, text: str) -> str:
    """The group of the pattern; raises WrkError where there is none."""
    if found := re.search(pattern, text, re.MULTILINE):
        return found[1]
    raise WrkError(f"wrk printed no {pattern}: {text}")


def duration(text: str) -> float:
    """Seconds of a duration such as 1.50ms."""
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * SECONDS[unit]
