"""Progress tells a run while it happens, and remembers how its jobs ended."""

import pytest

from template.rehearsal.github.act import Event
from template.rehearsal.github.progress import Progress


@pytest.fixture
def told():
    """What was said."""
    return []


@pytest.fixture
def progress(told):
    """Progress that is said to a list."""
    return Progress(told.append)


def line(text):
    """A line that a step prints."""
    return Event("line", "Deploy/Build", "Build", text)


def test_run_is_told(progress, told):
    """Jobs, steps, lines and results are said in order."""
    progress.follow(
        [
            Event("job", "Deploy/Build", "", ""),
            Event("step", "Deploy/Build", "Build", ""),
            line("one\ntwo"),
            Event("step-result", "Deploy/Build", "Build", "success", 1.26),
            Event("summary", "Deploy/Build", "Build", "### Built"),
            Event("job-result", "Deploy/Build", "", "success"),
        ]
    )
    assert told[:-1] == [
        "\n== Deploy/Build",
        "-- Build",
        "   one",
        "   two",
        "-- Build: success, 1.3 s",
    ]
    assert told[-1].startswith("== Deploy/Build: success, ")
    assert progress.summaries == ["### Built"]
    (ended,) = progress.ended
    assert (ended.job, ended.result) == ("Deploy/Build", "success")
    assert 0 <= ended.seconds < 10


def test_current_job_is_known(progress):
    """The job that runs is known by the name that act tells."""
    assert progress.current == ""
    progress.follow([Event("job", "Deploy/Build", "", "")])
    assert progress.current == "Deploy/Build"


def test_what_a_terminal_redraws_is_told_once(progress, told):
    """Colours are left out, and so is what a terminal would draw again in the same place."""
    progress.follow(
        [
            line("\x1b[32mgreen\x1b[0m"),
            line("layer: Pushing 1MB"),
            line("\x1b[1B\x1b[1A\x1b[2K\r"),
            line("layer: Pushing 2MB"),
            line("\x1b[1Bdone"),
        ]
    )
    assert told == ["   green", "   layer: Pushing 1MB", "   done"]
