"""Snapshots of a stage's database: whose they are, how old they are, and taking one."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy.aws import Aws
from deploy.console import say
from deploy.errors import SetupError

POLL_SECONDS = 10
WAIT_SECONDS = 3600
AVAILABLE = "available"


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as RDS describes it, and the moment (UTC) whose data it has, if it has any yet."""

    name: str
    arn: str
    database: str
    status: str
    engine: str
    version: str
    gigabytes: int
    taken: datetime | None
    tags: Mapping[str, str]

    @property
    def major(self) -> str:
        """The major version of the database."""
        return self.version.partition(".")[0]

    def age(self, now: datetime) -> str:
        """Return how long ago it was taken, in words."""
        if self.taken is None:
            return "now"
        minutes = max(0, int((now - self.taken).total_seconds() // 60))
        days, hours = divmod(minutes // 60, 24)
        if days:
            return f"{days} days and {hours} hours"
        return f"{hours} hours and {minutes % 60} minutes" if hours else f"{minutes} minutes"


def list_snapshots(aws: Aws, database: str, owner: Mapping[str, str]) -> list[Snapshot]:
    """Return the snapshots of a stage's database and of those before it, the newest first.

    `owner` are the tags of the stage, which each of its databases hands on to its snapshots.
    """
    found = map(as_snapshot, aws.ask("rds", "describe-db-snapshots")["DBSnapshots"])
    own = [one for one in found if is_own(one, database, owner)]
    return sorted(own, key=lambda one: (one.taken is None, one.taken), reverse=True)


def find_snapshot(aws: Aws, name: str) -> Snapshot:
    """Return the snapshot of this name or ARN; raise SetupError where there is none."""
    command = ("rds", "describe-db-snapshots", "--db-snapshot-identifier", name)
    answer = aws.find("DBSnapshotNotFound", *command)
    if answer is None:
        raise SetupError(
            f"There is no snapshot {name} in {aws.region}.",
            "Leave the name out to see which there are.",
        )
    return as_snapshot(answer["DBSnapshots"][0])


def is_own(snapshot: Snapshot, database: str, owner: Mapping[str, str]) -> bool:
    """Return whether a snapshot is of the stage's database, or of one that it has replaced."""
    return snapshot.database == database or owner.items() <= snapshot.tags.items()


def as_snapshot(told: dict) -> Snapshot:
    """Return a snapshot from RDS's description; a copy has the data of its original's moment."""
    taken = told.get("OriginalSnapshotCreateTime") or told.get("SnapshotCreateTime")
    return Snapshot(
        told["DBSnapshotIdentifier"],
        told["DBSnapshotArn"],
        told["DBInstanceIdentifier"],
        told["Status"],
        told["Engine"],
        told["EngineVersion"],
        told["AllocatedStorage"],
        datetime.fromisoformat(taken).astimezone(UTC) if taken else None,
        {tag["Key"]: tag["Value"] for tag in told.get("TagList", [])},
    )


def take_snapshot(aws: Aws, database: str, name: str) -> None:
    """Take a snapshot of a database and wait for it; raise SetupError where it fails."""
    which = ("--db-snapshot-identifier", name)
    aws.ask("rds", "create-db-snapshot", *which, "--db-instance-identifier", database)
    began = time.monotonic()
    status = ""
    while status != AVAILABLE:
        told = aws.ask("rds", "describe-db-snapshots", *which)["DBSnapshots"][0]
        if told["Status"] not in ("creating", AVAILABLE, status):
            raise SetupError(
                f"The snapshot {name} is {told['Status']}; nothing else was changed.",
                "See why in the RDS console, Events; then run this again.",
            )
        if time.monotonic() - began > WAIT_SECONDS:
            raise SetupError(
                f"RDS still works on the snapshot {name} after an hour; nothing else was changed.",
                f"Wait for it, `aws rds wait db-snapshot-available {' '.join(which)}"
                f" {aws.options}`; then run this again.",
            )
        status = told["Status"]
        if status != AVAILABLE:
            say(f"             {told.get('PercentProgress', 0)} %")
            time.sleep(POLL_SECONDS)
