"""Commands are ended with everything that they started."""

import os
import time

import pytest

from template.rehearsal import processes


def start(tmp_path, script):
    """Start a script of bash."""
    return processes.start(["bash", "-c", script], tmp_path, {"PATH": os.environ["PATH"]})


def test_both_streams_are_one(tmp_path):
    """Output and errors come in one stream, and the environment is what was given."""
    with start(tmp_path, "pwd; echo error >&2; echo ${HOME:-none}") as process:
        assert process.stdout.read() == f"{tmp_path}\nerror\nnone\n"
        assert process.wait() == 0


def look_until_gone(pid):
    """Raise ProcessLookupError as soon as there is no such process."""
    while True:
        os.kill(pid, 0)
        time.sleep(0.05)


def test_leaving_ends_the_children(tmp_path):
    """What runs in the background, where bash lets nothing hear Ctrl-C, is gone, too."""
    with start(tmp_path, "sleep 300 & echo $!; wait") as process:
        child = int(process.stdout.readline())
    with pytest.raises(ProcessLookupError):
        look_until_gone(child)
