"""Commands that leave no process behind, however they are left."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PATIENCE = 10.0  # seconds between asking a process to end and insisting


@contextlib.contextmanager
def start(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen]:
    """Start a command with nothing but this environment; both its streams are `stdout`.

    It is in a group of its own, so that a terminal's Ctrl-C reaches it through here alone. When
    the context ends, it is asked to end; what is left of the group after it, or after PATIENCE,
    is killed.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    for sign in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE)
    process.stdout.close()
