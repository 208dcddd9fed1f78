"""Lines of the log are written together, soon, whole, once, and in their order."""

import io
import logging
import subprocess
import sys
import time
from select import PIPE_BUF

import pytest
from itemsAPP.logs import BatchingHandler
from tests.app.commands import REPOSITORY

PROGRAM = """
import atexit, logging, os, sys, time
sys.path.insert(0, "src")
from itemsAPP.logs import BatchingHandler
handlers = [BatchingHandler(sys.stdout)]
logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers)
"""


class Writes(io.StringIO):
    """A stream that keeps what it was given between two flushes."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def flush(self):
        self.writes.append(self.getvalue())
        self.truncate(0)
        self.seek(0)


@pytest.fixture
def stream():
    """Where the lines arrive."""
    return Writes()


@pytest.fixture
def logger(stream):
    """A logger whose lines wait until the end of the test, unless something takes them out."""
    handler = BatchingHandler(stream)
    handler.delay = 60
    logger = logging.Logger("test")
    logger.addHandler(handler)
    yield logger
    if handler.timer:
        handler.timer.cancel()


def run(program):
    """What the program writes, with INFO lines in batches."""
    command = [sys.executable, "-c", PROGRAM + program]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True)


def test_lines_are_written_together(logger, stream):
    """Lines wait for each other, and leave in one write."""
    logger.info("one")
    logger.info("two")
    assert stream.writes == []
    logger.handlers[0].flush()
    assert stream.writes == ["one\ntwo\n"]


def test_lines_do_not_wait_for_long(logger, stream):
    """A moment later they are written, and so are those that come after."""
    logger.handlers[0].delay = 0.01
    for text in ("one\n", "two\n"):
        logger.info(text.strip())
        deadline = time.monotonic() + 10
        while text not in stream.writes and time.monotonic() < deadline:
            time.sleep(0.01)
    assert stream.writes == ["one\n", "two\n"]


@pytest.mark.parametrize("level", [logging.WARNING, logging.ERROR, logging.CRITICAL])
def test_a_warning_waits_for_nothing(logger, stream, level):
    """What may be the last word is written at once, after what was before it."""
    logger.info("before")
    logger.log(level, "trouble")
    assert stream.writes == ["before\ntrouble\n"]


@pytest.mark.parametrize("character", ["x", "é", "\udcff"])
def test_batches_stay_in_one_piece(logger, stream, character):
    """However many lines there are, no write is longer than the system keeps in one piece."""
    for _ in range(200):
        logger.info(character * 99)
    sizes = [len(text.encode(errors="replace")) for text in stream.writes]
    assert len(sizes) > 3
    assert max(sizes) <= PIPE_BUF < min(sizes) + len(f"{character * 99}\n".encode(errors="replace"))


def test_a_long_line_is_written_alone(logger, stream):
    """A line that fits into no batch is whole all the same."""
    for text in ("short", "x" * 2 * PIPE_BUF, "shorter"):
        logger.info(text)
    logger.handlers[0].flush()
    assert stream.writes == ["short\n", f"{'x' * 2 * PIPE_BUF}\n", "shorter\n"]


def test_a_line_that_cannot_be_made_is_reported(logger, stream, capsys):
    """Nonsense in a line ends no request, and the other lines are written."""
    logger.info("%d", "no number")
    logger.warning("fine")
    assert "TypeError" in capsys.readouterr().err
    assert stream.writes == ["fine\n"]


def test_a_line_that_nobody_could_write_later_does_not_wait(logger, stream, monkeypatch):
    """An interpreter that ends starts no timer any more."""

    def refuse(timer):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr("itemsAPP.logs.Timer.start", refuse)
    logger.info("last")
    assert stream.writes == ["last\n"]


@pytest.mark.parametrize("end", ["", "sys.exit()", "raise SystemExit(0)"])
def test_a_process_that_ends_writes_what_waits(end):
    """No line is lost at the end, not even one that is written while everything ends."""
    ended = run(f"atexit.register(logging.info, 'last')\nlogging.info('first')\n{end}")
    assert (ended.stdout, ended.stderr) == ("first\nlast\n", "")


def test_a_child_repeats_nothing():
    """A process that is forked while lines wait leaves them to its parent, and writes its own."""
    ended = run(
        "logging.info('parent')\n"
        "if os.fork():\n    os.wait()\nelse:\n    logging.info('child')\n    time.sleep(1)\n"
    )
    assert sorted(ended.stdout.split()) == ["child", "parent"]


def test_lines_of_processes_do_not_mix():
    """Each line is whole, although two processes write to one pipe that is read slowly."""
    program = "name = str(os.fork() > 0)\nfor _ in range(3000):\n    logging.info(name * 60)\n"
    command = [sys.executable, "-c", f"{PROGRAM}{program}name == 'True' and os.wait()"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(1)
        lines = process.stdout.read().splitlines()
    assert sorted(lines) == ["False" * 60] * 3000 + ["True" * 60] * 3000
