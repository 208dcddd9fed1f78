"""How lines reach standard output."""

import logging
import os
from select import PIPE_BUF
from threading import Timer


class BatchingHandler(logging.StreamHandler):
    """Writes lines together, a moment late at most; a warning, or worse, takes them out at once.

    Whoever reads a container's output is woken by each write, which costs more than the line.
    No batch is longer than a write that stays in one piece, whatever other processes write:
    https://pubs.opengroup.org/onlinepubs/9799919799/functions/write.html (PIPE_BUF)
    """

    delay = 0.1  # seconds

    def __init__(self, stream: object = None) -> None:
        super().__init__(stream)
        self.forget()
        # What waits is the parent's to write, and its timer is not in the child.
        os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Begin a batch, without the lines that wait."""
        self.lines: list[str] = []
        self.size = 0
        self.timer: Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Add the line of the record to the batch, and see to it that it is written."""
        try:
            line = self.format(record) + self.terminator
            self.add(line, len(line.encode(errors="replace")))
            if record.levelno >= logging.WARNING:
                self.flush()
            elif self.timer is None:
                self.begin_wait()
        except Exception:  # whatever it is, a line of a log is no reason to fail
            self.handleError(record)

    def add(self, line: str, size: int) -> None:
        """Add a line of so many bytes; if the batch would be too long, it is written before."""
        if self.size + size > PIPE_BUF:
            self.flush()
        self.lines.append(line)
        self.size += size

    def begin_wait(self) -> None:
        """Let a timer write the batch, as long as the interpreter still starts any."""
        self.timer = Timer(self.delay, self.end_wait)
        self.timer.daemon = True
        try:
            self.timer.start()
        except RuntimeError:
            self.flush()

    def end_wait(self) -> None:
        """Write what waits, and let the next line begin to wait."""
        with self.lock:
            self.timer = None
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        with self.lock:
            lines, self.lines, self.size = self.lines, [], 0
            if lines:
                self.stream.write("".join(lines))
                super().flush()
