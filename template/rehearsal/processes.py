"""Commands that leave no process behind, however they are left."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from template.rehearsal import supervisor

# Isolated, because the command's environment is not the supervisor's.
SUPERVISOR = (sys.executable, "-I", supervisor.__file__)
PATIENCE = 6 * supervisor.PATIENCE  # seconds, twice what the supervisor may take to end


@contextlib.contextmanager
def start(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen]:
    """Start a command with nothing but this environment; both its streams are `stdout`.

    A terminal's Ctrl-C reaches it through here alone. When the context ends, or this process, it
    is asked to end, and everything that it started is killed, in whatever session that is. The
    same happens to what is left when the command ends by itself.
    """
    process = subprocess.Popen(
        [*SUPERVISOR, *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess:
    """Do as `subprocess.run` does, where no Ctrl-C of the terminal reaches the command.

    `docker` hears SIGINT even where it inherits that the signal is ignored.
    """
    return subprocess.run(command, start_new_session=True, **options)


def _end(process: subprocess.Popen) -> None:
    try:
        process.communicate(timeout=PATIENCE)  # closes its input, and reads what it still says
    except subprocess.TimeoutExpired:
        left = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
        for each in left:  # which are in groups of their own
            with contextlib.suppress(psutil.Error):
                each.kill()
        process.wait()
    process.stdout.close()
