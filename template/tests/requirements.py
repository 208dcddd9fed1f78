"""What a test needs from the machine, and what happens where it is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def docker_answers() -> bool:
    """Whether a Docker Engine answers on this machine."""
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    )


def require(available: bool, reason: str, *, variable: str) -> None:
    """Skip the test with the reason, or fail it where the environment variable is `1`."""
    if available:
        return
    if os.environ.get(variable) == "1":
        pytest.fail(f"{variable}=1, but {reason}", pytrace=False)
    pytest.skip(reason)


def note_skip(report: pytest.TestReport, file: Path) -> None:
    """Append the reason of a skipped test to the file, once."""
    if not report.skipped:
        return
    reason = f"{report.longrepr[2]}\n"
    known = file.read_text() if file.exists() else ""
    if reason not in known:
        file.write_text(known + reason)
