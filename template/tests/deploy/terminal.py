"""A pseudo-terminal, at which a command is run as at a person's."""

import codecs
import contextlib
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

PATIENCE = 120.0  # seconds that a busy machine may take


class Terminal:
    """The terminal of a process: `printed` is what stands on it."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.printed = ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        """Keep what is printed until nobody has the terminal any more."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode  # a character may be cut
        while True:
            try:
                self.printed += decode(os.read(self.master, 65_536))
            except OSError:
                return

    def type(self, text: str) -> None:
        """Type at it."""
        os.write(self.master, text.encode())

    def wait_for(self, text: str) -> None:
        """Return once this text stands on it."""
        end = time.monotonic() + PATIENCE
        while text not in self.printed:
            assert time.monotonic() < end, self.printed
            time.sleep(0.02)


@contextlib.contextmanager
def attached() -> Iterator[Terminal]:
    """Put a terminal in the place of this process's standard input and output, for a while."""
    master, slave = pty.openpty()
    saved = [(number, os.dup(number)) for number in (0, 1)]
    streams = sys.stdin, sys.stdout
    for number, _ in saved:
        os.dup2(slave, number)
    os.close(slave)
    terminal = Terminal(master)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    try:
        yield terminal
    finally:
        sys.stdout.flush()
        sys.stdin, sys.stdout = streams
        for number, copy in saved:
            os.dup2(copy, number)
            os.close(copy)
        terminal.reader.join(PATIENCE)
        os.close(master)


@contextlib.contextmanager
def running(words: list[str], **environment: str) -> Iterator[tuple[subprocess.Popen, Terminal]]:
    """Run a program whose controlling terminal it is, as a shell does."""
    master, slave = pty.openpty()
    terminal = Terminal(master)
    program = subprocess.Popen(
        words,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        preexec_fn=lambda: os.login_tty(os.dup(0)),
    )
    os.close(slave)
    try:
        yield program, terminal
    finally:
        program.kill()
        program.wait()
        terminal.reader.join(PATIENCE)
        os.close(master)
