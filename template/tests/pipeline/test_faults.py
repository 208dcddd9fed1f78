"""Faults happen where and as often as a test wants."""

import threading
import time

import pytest

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import ANY, CutError

THROTTLED = AwsError("ThrottlingException", "Rate exceeded")


def outcomes(faults, *calls):
    """What becomes of calls: an error or nothing."""
    found = []
    for call in calls:
        try:
            faults.meet(*call)
            found.append(None)
        except AwsError as error:
            found.append(error)
    return found


def test_error_hits_as_often_as_told(faults):
    """After the calls that are spared, a fault hits `times` calls and no more."""
    faults.fail("ecs", "RunTask", THROTTLED, times=2, skip=1)
    assert outcomes(faults, *[("ecs", "RunTask")] * 4) == [None, THROTTLED, THROTTLED, None]


def test_other_calls_are_spared(faults):
    """Other operations, and the same one of another service, are not hit."""
    faults.fail("ecs", "RunTask", THROTTLED)
    calls = [("ecs", "StopTask"), ("registry", "RunTask"), ("ecs", "RunTask")]
    assert outcomes(faults, *calls) == [None, None, THROTTLED]


def test_any_operation_is_hit(faults):
    """ANY stands for every operation of a service."""
    faults.fail("ecs", ANY, THROTTLED, times=2)
    calls = [("logs", "GetLogEvents"), ("ecs", "StopTask"), ("ecs", "RunTask")]
    assert outcomes(faults, *calls) == [None, THROTTLED, THROTTLED]


def test_cut_knows_its_bytes(faults):
    """A cut says after how many bytes of the body the connection is dropped."""
    faults.cut("registry", "UploadLayerPart", after_bytes=7)
    with pytest.raises(CutError) as cut:
        faults.meet("registry", "UploadLayerPart")
    assert cut.value.after_bytes == 7


def test_delay_lasts(faults):
    """A slow call returns after the seconds it was given."""
    faults.slow("ecs", "RunTask", 0.05)
    started = time.monotonic()
    faults.meet("ecs", "RunTask")
    assert time.monotonic() - started >= 0.05


def test_delay_ends_with_the_doubles(faults):
    """A slow call does not outlive the doubles."""
    faults.slow("ecs", "RunTask", 3600)
    waiting = threading.Thread(target=faults.meet, args=("ecs", "RunTask"))
    waiting.start()
    faults.stop()
    waiting.join(timeout=60)
    assert not waiting.is_alive()


def test_effects_of_any_kind(faults):
    """A test may let anything happen in a call."""
    happened = []
    faults.inject("ecs", "RunTask", lambda: happened.append("now"), skip=1)
    faults.meet("ecs", "RunTask")
    assert happened == []
    faults.meet("ecs", "RunTask")
    assert happened == ["now"]
