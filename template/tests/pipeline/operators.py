"""Somebody who operates the stages of a sandbox, with `python3 -m deploy` and few permissions."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from template.rehearsal import project
from template.rehearsal.aws.account import iam_arn
from template.rehearsal.iam.roles import Role
from template.rehearsal.sandbox import Sandbox

NAME = "operator"
CLUSTERS = f"{project.NAME}-*"
# PyPI has version 1 of the AWS CLI, and `python3 -m deploy` wants 2, for setup; what it asks when
# it operates a stage is the same in both.
AWS = """\
#!/bin/sh
[ "$1" != --version ] || exec echo aws-cli/2.15.0
exec {aws} "$@"
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "cloudformation:DescribeStacks",
                "cloudformation:ListStacks",
                "ecr:BatchGetImage",
                "ecr:DescribeImages",
                "ecs:DescribeServices",
                "ecs:DescribeTaskDefinition",
                "ecs:DescribeTasks",
                "ecs:ListServices",
                "ecs:ListTasks",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:RunTask", "ecs:StopTask", "ecs:UpdateService"],
            "Resource": [
                f"arn:aws:ecs:*:*:{kind}/{CLUSTERS}"
                for kind in ("service", "task", "task-definition")
            ],
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": f"arn:aws:iam::*:role/{CLUSTERS}",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:FilterLogEvents", "logs:GetLogEvents"],
            "Resource": [
                f"arn:aws:logs:*:*:log-group:/ecs/{CLUSTERS}",
                f"arn:aws:logs:*:*:log-group:/aws/events/{CLUSTERS}",
            ],
        },
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": "*",
        },
    ],
}


@dataclass
class Ended:
    """How a command ended: its exit code, its output, and what it said beside that."""

    code: int
    out: str
    err: str

    @property
    def task(self) -> str:
        """The id of the task that it ran."""
        return re.search(r"^Task ([0-9a-f]{32}): ", self.err, re.MULTILINE)[1]


class Operator:
    """Somebody with a clone of the project; `tools` are variables that put an AWS CLI on PATH.

    `said` has all that was printed.
    """

    def __init__(self, sandbox: Sandbox, tools: dict[str, str]):
        programs = sandbox.folder / NAME
        programs.mkdir()
        aws = programs / "aws"
        aws.write_text(AWS.format(aws=shutil.which("aws", path=tools["PATH"])))
        aws.chmod(0o755)
        path = os.pathsep.join([str(programs), tools["PATH"]])
        self.sandbox, self.tools, self.said = sandbox, {**tools, "PATH": path}, ""
        sandbox.cloud.iam.roles[NAME] = Role(
            NAME, iam_arn(f"role/{NAME}"), {"Statement": []}, policies={"operate": POLICY}
        )

    def deploy(self, *words: str, stdin: str = "", **variables: str) -> Ended:
        """Run `python3 -m deploy` in the clone, with these variables besides."""
        session = self.sandbox.cloud.sessions.issue(NAME, "desk")
        environment = {
            **self.sandbox.machine,
            **self.tools,
            **self.sandbox.cloud.environment(session),
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "deploy", *words],
            cwd=self.sandbox.checkout.folder,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self, *command: str) -> Ended:
        """Run a command in production, which has to end well."""
        ended = self.deploy("run", "production", "--", *command)
        assert ended.code == 0, ended
        return ended
