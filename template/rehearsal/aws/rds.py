"""Amazon RDS: snapshots of the instances that the templates create.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
"""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.cloudformation.templates import Stack

SUCCEEDS = ("creating", "creating", "available")
NAME = re.compile(r"[A-Za-z](-?[A-Za-z0-9]){0,254}")

Params = dict[str, Any]


@dataclass
class Snapshot:
    """A snapshot of an instance; `life` has its status at each look, of which the last stays."""

    name: str
    instance: str
    life: tuple[str, ...]
    looks: int = 0

    def look(self) -> dict:
        """What DescribeDBSnapshots says of it now."""
        at = min(self.looks, len(self.life) - 1)
        self.looks += 1
        percent = 100 if self.life[at] == "available" else 100 * at // len(self.life)
        return {**self.described(self.life[at]), "PercentProgress": percent}

    def described(self, status: str) -> dict:
        """It in the API's shape, with a status."""
        return {
            "DBSnapshotIdentifier": self.name,
            "DBInstanceIdentifier": self.instance,
            "DBSnapshotArn": arn("rds", f"snapshot:{self.name}"),
            "SnapshotType": "manual",
            "Status": status,
        }


class Rds:
    """The service; safe for threads. `life` is what becomes of the snapshots that follow."""

    name = "rds"

    def __init__(self, stacks: Iterable[Stack]):
        self.instances = {
            each.id for stack in stacks for each in stack.of_type("AWS::RDS::DBInstance").values()
        }
        self.snapshots: dict[str, Snapshot] = {}
        self.life = SUCCEEDS
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[Params], dict]] = {
            "CreateDBSnapshot": self._create,
            "DescribeDBSnapshots": self._describe,
        }

    def authorizations(self, operation: str, params: Params) -> list[Authorization]:
        """The operation, on its snapshot, and on the instance that one is made of.

        Raises AwsError for an operation that is not played.
        """
        if operation not in self._operations:
            raise AwsError(
                "UnknownOperationException", f"The rehearsal's RDS does not play {operation}."
            )
        resources = [f"snapshot:{params.get('DBSnapshotIdentifier', '*')}"]
        if operation == "CreateDBSnapshot":
            resources.insert(0, f"db:{params['DBInstanceIdentifier']}")
        return [Authorization(f"rds:{operation}", arn("rds", each)) for each in resources]

    def call(self, operation: str, params: Params) -> dict:
        """Make a call of `authorizations`; the output is in the API's shape. Raises AwsError."""
        with self._lock:
            return self._operations[operation](params)

    def _create(self, params: Params) -> dict:
        instance, name = params["DBInstanceIdentifier"], params["DBSnapshotIdentifier"]
        if not NAME.fullmatch(name):
            raise AwsError(
                "InvalidParameterValue",
                f"The parameter DBSnapshotIdentifier is not a valid identifier: {name}",
            )
        if instance not in self.instances:
            raise AwsError("DBInstanceNotFound", f"DBInstance {instance} not found.", 404)
        if name in self.snapshots:
            raise AwsError(
                "DBSnapshotAlreadyExists",
                f"Cannot create the snapshot because a snapshot with the identifier {name}"
                " already exists.",
            )
        self.snapshots[name] = Snapshot(name, instance, self.life)
        return {"DBSnapshot": self.snapshots[name].described("creating")}

    def _describe(self, params: Params) -> dict:
        wanted = params.get("DBSnapshotIdentifier")
        if wanted is not None and wanted not in self.snapshots:
            raise AwsError("DBSnapshotNotFound", f"DBSnapshot {wanted} not found.", 404)
        found = [each for each in self.snapshots.values() if wanted in (None, each.name)]
        return {"DBSnapshots": [each.look() for each in found]}
