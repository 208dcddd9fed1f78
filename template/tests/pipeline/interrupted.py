"""A release that gets a signal in the middle."""

import signal
import subprocess
from collections.abc import Callable

from template.rehearsal import codebuild
from template.tests.pipeline.account import Account


class Interrupted:
    """A release that gets a signal when it says something."""

    def __init__(
        self,
        account: Account,
        sent: signal.Signals,
        when: str,
        then: Callable[[], None] = lambda: None,
    ):
        script = account.source / "release.sh"
        commands = codebuild.load(account.source / "release.yml")["phases"]["build"]["commands"]
        script.write_text("\n".join(commands))
        environment = account.environment("staging-release", **account.release_variables())
        self.lines: list[str] = []
        with subprocess.Popen(
            ["bash", "-euo", "pipefail", script],
            cwd=account.source,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            account.process = process
            for line in process.stdout:
                self.lines.append(line)
                if when in line:
                    then()
                    process.send_signal(sent)
                    when = "\0"
        self.status = process.returncode
        self.output = "".join(self.lines)
