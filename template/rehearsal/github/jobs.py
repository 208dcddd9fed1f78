"""GitHub's part of a run that act does not play: environments, their variables, permissions.

act has one set of variables for all jobs and ignores `environment` and `permissions`
(https://nektosact.com/not_supported.html), so what they decide is worked out here, from the
workflow files themselves.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from template.rehearsal.github.oidc import Job

ENVIRONMENTS = "REHEARSED_ENVIRONMENTS"
INPUT = re.compile(r"\$\{\{ *inputs\.([\w-]+) *\}\}")
QUEUE = re.compile(r"^ +queue: max\n", re.MULTILINE)
VARIABLE = re.compile(rf"\bvars\.(?!{ENVIRONMENTS})")


@dataclass(frozen=True)
class Push:
    """The event that starts a run: a push of a commit to a branch, for one workflow file."""

    workflow: str
    sha: str
    event: str = "push"
    ref: str = "refs/heads/main"


class Workflows:
    """The workflow files of one checkout."""

    def __init__(self, folder: Path):
        self.folder = folder

    def _load(self, name: str) -> dict:
        """A workflow file, each job with the permissions of the workflow unless it has its own."""
        file = yaml.safe_load((self.folder / ".github" / "workflows" / name).read_text())
        for job in file["jobs"].values() if "permissions" in file else ():
            job.setdefault("permissions", file["permissions"])
        return file

    def branches(self, workflow: str) -> list[str] | None:
        """The patterns of the branches whose pushes start a workflow; None: any branch."""
        events = self._load(workflow)[True]  # YAML reads the key `on` as true
        push = events.get("push") if isinstance(events, dict) else None
        return (push or {}).get("branches")

    def job(self, push: Push, act_name: str) -> Job:
        """The job that act calls `Workflow/Job`, or `Caller/Workflow/Job` in a called workflow.

        Raises LookupError when the workflow has no such job.
        """
        first, *rest = act_name.split("/")
        file = self._load(push.workflow)
        if len(rest) == 1:
            return _job(push, _named(file, rest[0]))
        caller = _named(file, first)
        called = Path(caller["uses"]).name
        inputs = caller.get("with", {})
        return _job(push, _named(self._load(called), rest[1], inputs), caller, called)

    def forget_queues(self) -> None:
        """Take the length of queues out of the workflows.

        act ignores `concurrency`, and refuses a workflow with a key in it that it does not know.
        """
        for file in (self.folder / ".github" / "workflows").iterdir():
            file.write_text(QUEUE.sub("", file.read_text()))

    def use_environment_variables(self, workflow: str) -> None:
        """Let a workflow read its variables from the environment that its `stage` input names.

        With `forget_queues` and the ports of services that are taken the only change that the
        rehearsal makes to a checkout:
        `vars.NAME` becomes the same lookup in a table by environment, which GitHub does before it
        starts the job. Doing it twice changes nothing.
        """
        file = self.folder / ".github" / "workflows" / workflow
        table = f"fromJSON(vars.{ENVIRONMENTS})[inputs.stage]."
        file.write_text(VARIABLE.sub(table, file.read_text()))


def environment_table(repository: dict[str, str], stages: dict[str, dict[str, str]]) -> str:
    """The table of variables by environment: the environment's own win over the repository's."""
    return json.dumps({stage: {**repository, **own} for stage, own in stages.items()})


def fill(text: str, inputs: dict) -> str:
    """Put a called workflow's inputs into an expression."""
    return INPUT.sub(lambda match: str(inputs[match[1]]), text)


def _named(workflow: dict, name: str, inputs: dict | None = None) -> dict:
    for key, job in workflow["jobs"].items():
        if fill(job.get("name", key), inputs or {}) == name:
            return job
    raise LookupError(f"no job is called {name!r}")


def _may(permissions: dict | str, scope: str, *levels: str) -> bool:
    if isinstance(permissions, str):
        return permissions.removesuffix("-all") in levels
    return permissions.get(scope) in levels


def _job(push: Push, job: dict, caller: dict | None = None, called: str | None = None) -> Job:
    # A called job without permissions has those of its caller.
    grants = [each["permissions"] for each in (job, caller) if each and "permissions" in each]
    environment = job.get("environment")
    return Job(
        environment=environment and fill(environment, (caller or {}).get("with", {})),
        event=push.event,
        ref=push.ref,
        id_token=bool(grants) and all(_may(grant, "id-token", "write") for grant in grants),
        contents=all(_may(grant, "contents", "read", "write") for grant in grants),
        sha=push.sha,
        workflow=push.workflow,
        called=called,
    )
