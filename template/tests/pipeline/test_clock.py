"""The clock of the rehearsal's ECS."""

import time
from datetime import UTC, datetime

import pytest

from template.rehearsal.clock import Clock, timestamp


def test_clock_runs_with_the_machine():
    """An ordinary clock tells the machine's time."""
    assert Clock().now() == pytest.approx(time.time(), abs=60)


def test_clock_runs_faster():
    """A clock of speed 1000 makes seconds of milliseconds."""
    clock = Clock(speed=1000)
    began = clock.now()
    time.sleep(0.01)
    assert clock.now() - began >= 10


def test_clock_that_stands_still_is_moved():
    """A clock of speed 0 moves when it is told to, and only then."""
    clock = Clock(speed=0)
    began = clock.now()
    assert clock.now() == began
    clock.advance(90)
    assert clock.now() == began + 90


def test_timestamps_are_in_utc():
    """Models get moments with their time zone."""
    assert timestamp(0) == datetime(1970, 1, 1, tzinfo=UTC)
