"""Runs a workflow with act, on this machine and without containers, and tells what happens.

https://nektosact.com: `-self-hosted` runs the steps on the host; `--local-repository` takes an
action from a folder instead of from GitHub.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from template.rehearsal import processes

RUNNER = "ubuntu-24.04=-self-hosted"


@dataclass(frozen=True)
class Event:
    """One thing that happened: `kind` is job, step, line, summary, step-result or job-result."""

    kind: str
    job: str
    step: str
    text: str
    seconds: float = 0


@dataclass(frozen=True)
class Run:
    """A run of one workflow file for one event, in a checkout on the default branch."""

    checkout: Path
    workflow: str
    event: str
    variables: Mapping[str, str]
    environment: Mapping[str, str]
    actions: Mapping[str, Path]
    secrets: Mapping[str, str] = field(default_factory=dict)
    branch: str = field(default="main", kw_only=True)

    def command(self) -> list[str]:
        """The command line of act."""
        # One job after the other, because what a job may do depends on which one it is.
        options = ["--json", "--concurrent-jobs", "1", "--defaultbranch", self.branch]
        options += ["-P", RUNNER, "-W", f".github/workflows/{self.workflow}"]
        for name, value in self.variables.items():
            options += ["--var", f"{name}={value}"]
        for use, folder in self.actions.items():
            options += ["--local-repository", f"{use}={folder}"]
        for name, value in self.environment.items():
            options += ["--env", f"{name}={value}"]
        for name, value in self.secrets.items():
            options += ["--secret", f"{name}={value}"]
        return ["act", self.event, *options]

    @contextlib.contextmanager
    def start(self) -> Iterator[Iterator[Event]]:
        """Start act; the value yields its events until it ends. Leaves no process behind."""
        with processes.start(self.command(), self.checkout, self.environment) as process:
            yield events(process.stdout)


def events(lines: Iterator[str]) -> Iterator[Event]:
    """The events in act's JSON log; what is not JSON is a line of its own."""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            yield Event("line", "", "", line.rstrip("\n"))
            continue
        if event := _event(entry):
            yield event


def _event(entry: dict) -> Event | None:
    job = entry.get("job", "").rstrip()  # padded to the longest
    step = entry.get("step", "")
    text = entry.get("msg", "").rstrip("\n")
    seconds = entry.get("executionTime", 0) / 1e9
    top_level = len(entry.get("stepID", [])) == 1 and entry.get("stage") == "Main"
    if entry.get("command") == "summary" and top_level:
        return Event("summary", job, step, entry["content"])
    if "jobResult" in entry:
        return Event("job-result", job, step, entry["jobResult"])
    if entry.get("stepid") == ["--setup-job"] and "stepResult" not in entry:
        return Event("job", job, step, text)
    if "stepResult" in entry and top_level:
        return Event("step-result", job, step, entry["stepResult"], seconds)
    if entry.get("raw_output") or entry.get("level") in ("error", "fatal"):
        return Event("line", job, step, text)
    if text.startswith("⭐ Run Main") and top_level:
        return Event("step", job, step, text)
    return None
