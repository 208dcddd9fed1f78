"""What a test needs from the machine, and what happens where it is missing."""

import os
import shutil
import subprocess

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
