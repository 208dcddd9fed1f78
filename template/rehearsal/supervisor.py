"""Runs a command and ends everything that it started: supervisor.py COMMAND [ARGUMENT...].

It does so when the command ends, and when its standard input is closed, which happens however its
parent ends. A process group or a session would not do: each step of act has a session of its own.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil

PR_SET_CHILD_SUBREAPER = 36  # Linux: processes that lose their parent become our children
LOOK_SECONDS = 0.5  # between two looks at what the command has started
PATIENCE = 10.0  # seconds between asking the command to end and insisting


def supervise(command: list[str]) -> int:
    """Run the command, asking it with SIGINT to end when the standard input does.

    Returns its exit status as a shell tells it, once none of its processes is left.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    over = threading.Event()
    for wait in (process.wait, _wait_for_the_input_to_end):
        threading.Thread(target=_tell, args=(wait, over), daemon=True).start()
    known: set[psutil.Process] = set()
    while not over.wait(LOOK_SECONDS):
        # Where orphans do not come here, they are known from when they still had a parent.
        known |= _descendants(process.pid)
        psutil.wait_procs(known, timeout=0)  # reaps
    known |= _descendants(process.pid)
    _end(process)
    for each in _left_after_killing(process.pid, known):
        print(f"The process {each.pid} could not be ended.", flush=True)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _wait_for_the_input_to_end() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass


def _tell(wait: Callable[[], object], over: threading.Event) -> None:
    wait()
    over.set()


def _end(process: subprocess.Popen) -> None:
    for sign in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: it is a zombie
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE)


def _left_after_killing(command: int, known: set[psutil.Process]) -> list[psutil.Process]:
    """What still runs although all descendants were killed, those too that they started since."""
    deadline = time.monotonic() + PATIENCE
    left = [*known | _descendants(command)]
    while left and time.monotonic() < deadline:
        for each in left:
            with contextlib.suppress(psutil.Error):
                each.kill()
        _, alive = psutil.wait_procs(left, timeout=LOOK_SECONDS)
        left = [*_descendants(command).union(alive)]
    return left


def _descendants(command: int) -> set[psutil.Process]:
    """All of them but the command, whose end is told by `subprocess`."""
    # Twice: a look misses the children of a process that ends meanwhile.
    looks = (psutil.Process().children(recursive=True) for _ in range(2))
    return {each for found in looks for each in found if each.pid != command}


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
