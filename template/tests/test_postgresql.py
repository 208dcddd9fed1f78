"""The tests' own PostgreSQL server serves one command and goes."""

import os
import runpy
import subprocess
import sys
import urllib.parse

import psycopg
import pytest

from template.tests import exhaustive, postgresql
from template.tests.requirements import require

SHOW_URL = [sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'])"]


@pytest.fixture
def folder():
    """The folder with PostgreSQL's programs."""
    found = postgresql.programs()
    require(found is not None, "PostgreSQL's initdb is not on PATH", variable=postgresql.REQUIRED)
    return found


@exhaustive.MARK
def test_server_answers_until_the_end(folder):
    """The server answers inside the context, and refuses connections after it."""
    with postgresql.server(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_command_gets_the_address(folder, capfd):
    """The command finds DATABASE_URL and its exit status is passed on."""
    assert postgresql.main(SHOW_URL) == 0
    assert urllib.parse.urlsplit(capfd.readouterr().out.strip()).hostname == "127.0.0.1"
    assert postgresql.main([sys.executable, "-c", "raise SystemExit(3)"]) == 3


@pytest.mark.parametrize(("required", "status"), [("", 0), ("1", 1)])
def test_missing_server_is_said(monkeypatch, capsys, required, status):
    """Without PostgreSQL nothing runs, with the reason, and it is an error where required."""
    monkeypatch.setattr(postgresql, "programs", lambda: None)
    monkeypatch.setattr(subprocess, "run", None)
    monkeypatch.setenv("REQUIRE_POSTGRESQL", required)
    assert postgresql.main(["never"]) == status
    assert "initdb is not on PATH" in capsys.readouterr().out


def test_programs_are_searched_on_the_path(monkeypatch, tmp_path):
    """An `initdb` on PATH is taken before any other; without one there is nothing."""
    initdb = tmp_path / "initdb"
    initdb.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert postgresql.programs() == tmp_path
    monkeypatch.setattr(postgresql.Path, "glob", lambda *_: iter(()))
    initdb.unlink()
    assert postgresql.programs() is None


@pytest.mark.parametrize(
    ("uid", "expected"),
    [(0, {"user": "nobody", "group": "nogroup"}), (1, {"user": 1, "group": os.getegid()})],
)
def test_root_gives_way_to_an_ordinary_user(monkeypatch, uid, expected):
    """PostgreSQL runs as nobody for root, and as oneself for everybody else."""
    monkeypatch.setattr(postgresql.os, "geteuid", lambda: uid)
    assert postgresql.ordinary_user() == expected


@exhaustive.MARK
def test_status_is_that_of_the_command(monkeypatch, folder):
    """Run as a program it ends with the status of the command that it is given."""
    monkeypatch.setattr(sys, "argv", ["postgresql", sys.executable, "-c", "raise SystemExit(4)"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(postgresql.__file__, run_name="__main__")
    assert ended.value.code == 4
