"""Runs deploy/infra/pipeline.yml: CodePipeline's order and variables, CodeBuild's rules, its roles.

Rules: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html,
https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-variables.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

import json
import re
import secrets
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from template.rehearsal import codebuild, machine
from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.aws.sessions import Session
from template.rehearsal.report import Ran
from template.rehearsal.sandbox import Sandbox

SUCCESS, FAILURE, REFUSED = "success", "failure", "refused"
VARIABLE = re.compile(r"#\{(\w+)\.(\w+)\}")
# What a build without privileged mode finds where others find a Docker Engine.
NO_ENGINE = "unix:///nonexistent/docker.sock"


class PipelineError(ValueError):
    """The template is not one that CodePipeline would run; the message says where."""


@dataclass(frozen=True)
class Approval:
    """What a manual approval asks, and where it sends the person who decides."""

    question: str
    link: str


def approved(approval: Approval) -> bool:
    """Approve whatever is asked."""
    return True


def run(sandbox: Sandbox, approve: Callable[[Approval], bool] = approved) -> list[Ran]:
    """Run the pipeline for the commit; the stages that ran, in order.

    Raises PipelineError for what the template refers to and does not have.
    """
    return _Execution(sandbox, approve).run()


class _Execution:
    """One execution: what its actions have made known so far."""

    def __init__(self, sandbox: Sandbox, approve: Callable[[Approval], bool]):
        registry = sandbox.stacks["github"].outputs["EcrEndpoint"]
        stack = sandbox.stacks["pipeline"].relocated(registry, sandbox.cloud.front.endpoint)
        (pipeline,) = stack.of_type("AWS::CodePipeline::Pipeline").values()
        projects = stack.of_type("AWS::CodeBuild::Project").values()
        self.sandbox = sandbox
        self.approve = approve
        self.pipeline = pipeline.properties
        self.projects = {each.properties["Name"]: each.properties for each in projects}
        self.artifacts: dict[str, Path] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self.providers = {
            "CodeStarSourceConnection": self._fetch,
            "CodeBuild": self._build,
            "Manual": self._ask,
        }
        trusted = arn("codepipeline", self.pipeline["Name"])
        self.session = self._assume(self.pipeline["RoleArn"], "codepipeline", trusted)

    def run(self) -> list[Ran]:
        """Run the stages until one does not succeed."""
        ran: list[Ran] = []
        for stage in self.pipeline["Stages"]:
            self.sandbox.say(f"\n== {stage['Name']}")
            began = time.monotonic()
            result = self._stage(stage["Actions"])
            ran.append(Ran(stage["Name"].lower(), result, time.monotonic() - began))
            self.sandbox.say(f"== {stage['Name']}: {result}, {ran[-1].seconds:.1f} s")
            if result != SUCCESS:
                break
        return ran

    def _stage(self, actions: Iterable[dict[str, Any]]) -> str:
        for action in sorted(actions, key=lambda action: int(action.get("RunOrder", 1))):
            provider = action["ActionTypeId"]["Provider"]
            if provider not in self.providers:
                raise PipelineError(f"{action['Name']}: the provider {provider} is not played")
            self.sandbox.say(f"-- {action['Name']}")
            try:
                result = self.providers[provider](action)
            except AwsError as error:
                self.sandbox.say(f"   {error.code}: {error.message}")
                result = FAILURE
            if result != SUCCESS:
                return result
        return SUCCESS

    # ---- Actions ----

    def _fetch(self, action: dict[str, Any]) -> str:
        """Fetch the commit as a zip file, in which there is no .git."""
        configuration = action["Configuration"]
        self._need("codeconnections:UseConnection", configuration["ConnectionArn"])
        archive = self._folder("source") / "source.zip"
        checkout = self.sandbox.checkout
        command = ["git", "archive", "--format=zip", f"--output={archive}", checkout.commit]
        subprocess.run(command, cwd=checkout.folder, check=True)
        for artifact in action["OutputArtifacts"]:
            self.artifacts[artifact["Name"]] = archive
        if "Namespace" in action:
            self.variables[action["Namespace"]] = {
                "BranchName": configuration["BranchName"],
                "CommitId": checkout.commit,
                "ConnectionArn": configuration["ConnectionArn"],
                "FullRepositoryName": configuration["FullRepositoryId"],
            }
        return SUCCESS

    def _build(self, action: dict[str, Any]) -> str:
        """Run a CodeBuild project on a fresh copy of the source."""
        configuration = action["Configuration"]
        name = configuration["ProjectName"]
        if name not in self.projects:
            raise PipelineError(f"{action['Name']}: there is no project {name}")
        project = self.projects[name]
        source = self._unpack(action)
        overrides = self._overrides(action, configuration.get("EnvironmentVariables", "[]"))
        place = arn("codebuild", f"project/{name}")
        self._need("codebuild:StartBuild", place)
        session = self._assume(project["ServiceRole"], "codebuild", place)
        variables = {**self._container(project, session), **_declared(project), **overrides}
        buildspec = source / project["Source"]["BuildSpec"]
        build = codebuild.run(buildspec, source, variables, self._say)
        return SUCCESS if build.succeeded else FAILURE

    def _ask(self, action: dict[str, Any]) -> str:
        """Ask for an approval."""
        configuration = action["Configuration"]
        approval = Approval(
            question=self._resolve(action, configuration.get("CustomData", "")),
            link=self._resolve(action, configuration.get("ExternalEntityLink", "")),
        )
        self._say(f"{approval.question} {approval.link}")
        result = SUCCESS if self.approve(approval) else REFUSED
        self._say("Approved." if result == SUCCESS else "Refused.")
        return result

    # ---- What actions need ----

    def _overrides(self, action: dict[str, Any], text: str) -> dict[str, str]:
        overrides = {}
        for each in json.loads(text):
            _check_plain(action["Name"], each["name"], each.get("type"))
            overrides[each["name"]] = self._resolve(action, each["value"])
        return overrides

    def _resolve(self, action: dict[str, Any], text: str) -> str:
        """Put the variables of earlier actions in. Raises PipelineError for an unknown one."""

        def value(match: re.Match) -> str:
            known = self.variables.get(match[1], {})
            if match[2] not in known:
                raise PipelineError(f"{action['Name']}: there is no variable {match[0]}")
            return known[match[2]]

        return VARIABLE.sub(value, text)

    def _unpack(self, action: dict[str, Any]) -> Path:
        (artifact,) = action["InputArtifacts"]
        if artifact["Name"] not in self.artifacts:
            raise PipelineError(f"{action['Name']}: there is no artifact {artifact['Name']}")
        folder = self._folder("source")
        with zipfile.ZipFile(self.artifacts[artifact["Name"]]) as archive:
            archive.extractall(folder)
        return folder

    def _container(self, project: dict[str, Any], session: Session) -> dict[str, str]:
        """What CodeBuild gives to every build; the commit is not among it."""
        environment = machine.environment(
            self._folder("container") / "home", self.sandbox.folder.name
        )
        if not project["Environment"].get("PrivilegedMode"):
            environment["DOCKER_HOST"] = NO_ENGINE
        return {
            **environment,
            **self.sandbox.cloud.environment(session),
            "CODEBUILD_BUILD_ID": f"{project['Name']}:{secrets.token_hex(8)}",
            "CODEBUILD_INITIATOR": f"codepipeline/{self.pipeline['Name']}",
        }

    def _need(self, action: str, resource: str) -> None:
        """Raise AwsError unless the pipeline's role may do this."""
        guard = self.sandbox.cloud.front.guard
        with guard.permitted(self.session, [Authorization(action, resource)]):
            pass

    def _assume(self, role: str, service: str, source: str) -> Session:
        """A session of a role for a service of AWS. Raises PipelineError, AwsError."""
        iam = self.sandbox.cloud.iam
        found = iam.role(role)
        if found is None:
            raise PipelineError(f"there is no role {role}")
        if not iam.lends(found, f"{service}.amazonaws.com", source).allowed:
            raise AwsError("AccessDeniedException", f"{service} is not allowed to assume {role}")
        return self.sandbox.cloud.sessions.issue(found.name, secrets.token_hex(4))

    def _folder(self, kind: str) -> Path:
        folder = self.sandbox.folder / f"{kind}-{secrets.token_hex(4)}"
        folder.mkdir()
        return folder

    def _say(self, line: str) -> None:
        self.sandbox.say(f"   {line}")


def _declared(project: dict[str, Any]) -> dict[str, str]:
    declared = {}
    for each in project["Environment"].get("EnvironmentVariables", []):
        _check_plain(project["Name"], each["Name"], each.get("Type"))
        declared[each["Name"]] = each["Value"]
    return declared


def _check_plain(place: str, name: str, kind: str | None) -> None:
    """Raise PipelineError for a variable whose value is kept elsewhere."""
    if kind not in (None, "PLAINTEXT"):
        raise PipelineError(f"{place}: the variable {name} of type {kind} is not played")
