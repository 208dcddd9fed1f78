"""Commands are ended with everything that they started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from template.rehearsal import processes, supervisor

ROOT = Path(__file__).parents[3]
PATIENCE = 120  # seconds that a busy machine may take
DEAF = 'trap "" HUP INT TERM; echo $$; while :; do sleep 1; done'
# Scripts that print the number of a process which wants to outlive them, and wait.
STUBBORN = {
    "in the background": "sleep 300 & echo $!; wait",
    "in a session of its own": "setsid sleep 300 & echo $!; wait",
    "after its parent": "(setsid sleep 300 & echo $!); exec sleep 300",
    "without a variable": "(env -i setsid sleep 300 & echo $!); exec sleep 300",
    "deaf to the hangup": "trap '' HUP; (setsid sleep 300 & echo $!); exec sleep 300",
    "deaf to everything": f"bash -c '{DEAF}' & wait",
    "under nohup": "nohup setsid sleep 300 2>/dev/null & echo $!; wait",
    "below one that detached": (
        "setsid bash -c 'sleep 300 & echo $!; touch up; wait' & until [ -e up ]; do sleep 0.1; done"
    ),
}


def start(tmp_path, script):
    """Start a script of bash."""
    return processes.start(["bash", "-c", script], tmp_path, {"PATH": os.environ["PATH"]})


def runs(pid):
    """Whether a process runs; a zombie has ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def look_until(answer, question, *arguments):
    """Wait until the question has this answer."""
    # Of it 20 seconds where SIGINT is ignored, as in a background job.
    deadline = time.monotonic() + PATIENCE
    while question(*arguments) != answer:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_both_streams_are_one(tmp_path):
    """Output and errors come in one stream, and the environment is what was given."""
    with start(tmp_path, "pwd; echo error >&2; echo ${HOME:-none}") as process:
        assert process.stdout.read() == f"{tmp_path}\nerror\nnone\n"
        assert process.wait() == 0


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -TERM $$", 143)])
def test_status_is_the_command_s(tmp_path, script, status):
    """The exit status is what a shell would tell."""
    with start(tmp_path, script) as process:
        assert process.wait() == status


@pytest.mark.parametrize("script", STUBBORN.values(), ids=STUBBORN)
def test_leaving_ends_everything(tmp_path, script):
    """Wherever a process hides, it is gone and reaped once the context is left."""
    with start(tmp_path, script) as process:
        child = int(process.stdout.readline())
    assert not psutil.pid_exists(child)


def test_process_that_one_look_misses_is_ended(tmp_path):
    """psutil does not see the children of a process that ends while it looks."""
    program = tmp_path / "supervisor.py"
    text = Path(supervisor.__file__).read_text()
    program.write_text(text.replace("known |= _descendants(process.pid)", "pass"))
    assert program.read_text() != text
    command = [sys.executable, program, "bash", "-c", "setsid sleep 300 & echo $!; wait"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        child = int(process.stdout.readline())
        process.stdin.close()
        process.wait(timeout=PATIENCE)
    assert not psutil.pid_exists(child)


def test_what_outlives_the_command_is_ended(tmp_path):
    """A command that ends by itself leaves nothing running that would keep its output open."""
    with start(tmp_path, "(env -i setsid sleep 300 & echo $!); exit 3") as process:
        child, rest = process.stdout.read().split("\n", 1)
        assert (process.wait(), rest) == (3, "")
        assert not psutil.pid_exists(int(child))


def test_orphans_that_end_are_reaped(tmp_path):
    """A process that lost its parent and ends does not stay as a zombie."""
    with start(tmp_path, "(setsid sleep 0.1 & echo $!); exec sleep 300") as process:
        look_until(False, psutil.pid_exists, int(process.stdout.readline()))


def test_orphans_are_known_where_none_come_to_the_supervisor(tmp_path):
    """Where there is no subreaper, as on macOS, a process that had a parent once is ended."""
    program = tmp_path / "supervisor.py"
    text = Path(supervisor.__file__).read_text()
    seen = tmp_path / "seen"
    look = f"# reaps\n        open({str(seen)!r}, 'w').write(str({{each.pid for each in known}}))"
    program.write_text(text.replace('"linux"', '"nowhere"').replace("# reaps", look))
    assert '"nowhere"' in program.read_text()
    assert str(seen) in program.read_text()
    parent = "setsid sleep 300 & echo $! $$; wait"
    command = [sys.executable, program, "bash", "-c", f"bash -c '{parent}'; exec sleep 300"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        child, parent = map(psutil.Process, map(int, process.stdout.readline().split()))
        look_until(True, lambda: seen.exists() and str(child.pid) in seen.read_text())
        parent.kill()
        supervised = psutil.Process(process.pid)
        look_until(False, lambda: child in supervised.children(recursive=True))
        assert runs(child.pid)
        process.stdin.close()
        process.wait(timeout=PATIENCE)
    assert not runs(child.pid)


def test_command_is_asked_first(tmp_path):
    """A command that hears SIGINT has time to put things back, even where it says a lot."""
    restore = f"seq 100000; echo back > {tmp_path}/back; exit 130"
    with start(tmp_path, f"trap '{restore}' INT; echo up; sleep 300 & wait") as process:
        process.stdout.readline()
    assert (tmp_path / "back").read_text() == "back\n"


def test_parent_that_is_killed_leaves_nothing(tmp_path):
    """Not even SIGKILL of the process that started it leaves a command behind."""
    script = "(setsid sleep 300 & echo $!); exec sleep 300"
    program = (
        "import os; from pathlib import Path; from template.rehearsal import processes\n"
        f"with processes.start(['bash', '-c', {script!r}], Path('/'), os.environ) as process:\n"
        "    print(process.stdout.readline(), flush=True); process.wait()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    look_until(False, runs, child)


def test_supervisor_that_hangs_is_killed(tmp_path, monkeypatch):
    """A supervisor that does not end in time is killed."""
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    deaf = "import time; print('up', flush=True); time.sleep(300)"
    monkeypatch.setattr(processes, "SUPERVISOR", (sys.executable, "-c", deaf))
    with start(tmp_path, "true") as process:
        assert process.stdout.readline() == "up\n"
    assert process.returncode == -signal.SIGKILL


def test_terminal_does_not_reach_what_is_run():
    """A command that cleans up is in a session of its own."""
    asked = "import os; print(os.getsid(0) == os.getpid())"
    done = processes.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
