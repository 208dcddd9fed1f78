"""`python3 -m deploy`, the command line."""

import runpy
import sys

import pytest

from deploy.cli import main, read_arguments
from template.tests.deploy.outcomes import assert_refused


def test_run_as_a_module(workplace, monkeypatch):
    """`python3 -m deploy` ends with the command's exit code."""
    monkeypatch.setattr(sys, "argv", ["setup", "doctor"])
    workplace.hub.log_in_error = "You are not logged into any GitHub hosts."
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("deploy", run_name="__main__")
    assert ended.value.code == 1


def test_unknown_command(capsys):
    """An unknown command is refused with those that there are."""
    with pytest.raises(SystemExit):
        main(["destroy"])
    assert "setup, teardown, doctor" in capsys.readouterr().err.replace("'", "")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("config s A=b --unset C D=e", {"words": ["A=b", "D=e"], "unset": ["C"]}),
        ("config s --unset A B=c --unset D", {"words": ["B=c"], "unset": ["A", "D"]}),
        ("config s -", {"words": ["-"]}),
        ("config s --file -", {"words": [], "file": "-"}),
        ("run s -- python -c 1 -- --no-tty", {"run": ["python", "-c", "1", "--", "--no-tty"]}),
        ("run --no-tty s -- -x", {"no_tty": True, "run": ["-x"]}),
        ("status a b", {"stage": ["a", "b"]}),
        ("logs s --since=2h", {"since": "2h", "process": "", "follow": False}),
    ],
)
def test_arguments(words, wanted):
    """Options stand before or behind words; what is behind two hyphens is the command's alone."""
    chosen = vars(read_arguments(words.split()))
    assert {name: chosen[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run s python manage.py check", "the command stands behind two hyphens"),
        ("run s python --version", "the command stands behind two hyphens"),
        ("config s --secret=c4n4ry", "unrecognized arguments: --secret\n"),
        ("logs s --pro=web", "unrecognized arguments: --pro\n"),
        ("logs a b", "unrecognized arguments: b\n"),
        ("logs", "required: STAGE"),
        ("", "required: COMMAND"),
    ],
)
def test_arguments_that_cannot_be(capsys, words, said):
    """What cannot be is told with its name, and never with a value."""
    with pytest.raises(SystemExit):
        read_arguments(words.split())
    told = capsys.readouterr().err
    assert said in told
    assert "c4n4ry" not in told


def test_run_without_a_stage(workplace):
    """A command without its stage is told with an example."""
    assert_refused(
        workplace, workplace.run("run"), "No stage is named.", "run production -- COMMAND"
    )
