"""Judges IAM requests with @cloud-copilot/iam-simulate, in one Node.js process that stays."""

import contextlib
import json
import subprocess
import threading
from dataclasses import dataclass

from template.rehearsal.aws.account import ACCOUNT
from template.rehearsal.iam import node


class PolicyError(ValueError):
    """A policy or a request that IAM does not understand."""


@dataclass(frozen=True)
class Decision:
    """What IAM decides, and why: the statements that allow, or what the nearest ones want."""

    allowed: bool
    explicit: bool
    why: str


class Judge:
    """The process; a context manager that is safe for threads."""

    def __enter__(self) -> "Judge":
        """Start the process, after installing its packages if need be. Raises NodeError."""
        node.install()
        command, _ = node.programs()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [*command, str(node.FOLDER / "evaluate.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        with self._process:
            self._process.kill()

    def decide(
        self,
        *,
        principal: str,
        action: str,
        resource: str,
        context: dict[str, str],
        policies: dict[str, dict],
        trust: dict | None = None,
        resource_policy: dict | None = None,
    ) -> Decision:
        """Judge one request.

        Raises PolicyError for a policy that IAM would refuse, and for an action, a resource or a
        condition key that do not belong together.
        """
        request = {
            "principal": principal,
            "action": action,
            "resource": resource,
            "account": ACCOUNT,
            "context": context,
            "policies": policies,
        }
        beside = {"trust": trust, "resourcePolicy": resource_policy}
        answer = self._ask(request | {key: value for key, value in beside.items() if value})
        if "error" in answer:
            raise PolicyError(f"IAM cannot judge {action} on {resource}: {answer['error']}")
        return Decision(**answer)

    def _ask(self, request: dict) -> dict:
        with self._lock:
            with contextlib.suppress(BrokenPipeError):
                print(json.dumps(request), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        if not line:
            said = self._process.communicate()[1].strip()
            raise PolicyError(f"the process that judges IAM policies has ended:\n{said}")
        return json.loads(line)
