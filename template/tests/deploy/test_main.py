"""`python3 -m deploy`, the command line."""

import runpy
import sys

import pytest

from deploy.cli import main


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
