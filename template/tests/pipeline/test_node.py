"""Node.js comes from PATH or from PyPI, and its packages are installed once."""

import importlib.util
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from template.rehearsal.iam import node

LOCK = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "policies"},
        "node_modules/a": {"version": "1.0.0", "integrity": "x"},
    },
}


@pytest.fixture
def folder(tmp_path):
    """A folder with a lock file, and nothing installed."""
    (tmp_path / "package.json").write_text('{"name": "policies"}')
    (tmp_path / "package-lock.json").write_text(json.dumps(LOCK))
    return tmp_path


@pytest.fixture
def npm(folder, monkeypatch):
    """A stand-in on PATH that notes how it was called, and installs what its script says."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "node").touch(0o755)

    def use(script):
        program = programs / "npm"
        program.write_text(f'#!/bin/sh\necho "$@" >> calls\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    return use


def test_programs_on_the_path_come_first(npm, folder):
    """Node.js on PATH is taken."""
    npm("true")
    assert node.programs() == ([str(folder / "bin" / "node")], [str(folder / "bin" / "npm")])


def test_programs_of_the_wheel(monkeypatch):
    """Without Node.js on PATH, that of the Python environment is taken, and it runs."""
    monkeypatch.setenv("PATH", "/nowhere")
    for command in node.programs():
        version = subprocess.run([*command, "--version"], capture_output=True, text=True)
        assert re.match(r"v?\d+\.\d+\.\d+", version.stdout)


def test_missing_programs_are_told(monkeypatch):
    """Without any Node.js the error says what to do."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(node.NodeError, match="Run: make install"):
        node.programs()


def test_packages_are_installed_once(npm, folder):
    """`npm ci` runs when nothing is there, and not again."""
    npm("mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json")
    node.install(folder)
    node.install(folder)
    [call] = (folder / "calls").read_text().splitlines()
    assert call.startswith("ci --ignore-scripts")


def test_two_at_once_install_once(npm, folder):
    """Of two test runs that miss the packages at once, one installs them for both."""
    install = "mkdir node_modules && cp package-lock.json node_modules/.package-lock.json"
    npm(f"sleep 0.2; {install}")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(node.install, [folder, folder]))
    assert len((folder / "calls").read_text().splitlines()) == 1


def test_other_versions_are_replaced(npm, folder):
    """`npm ci` runs again when the lock file names another version than is there."""
    npm("cp package-lock.json node_modules/.package-lock.json")
    modules = folder / "node_modules"
    modules.mkdir()
    (modules / ".package-lock.json").write_text(json.dumps(LOCK).replace("1.0.0", "0.9.0"))
    node.install(folder)
    assert (folder / "calls").exists()


def test_failed_install_is_told(npm, folder):
    """When npm fails, the error has its words and says what to check."""
    npm("echo cannot reach it >&2; exit 1")
    with pytest.raises(node.NodeError, match="Check that npm reaches its registry") as error:
        node.install(folder)
    assert "cannot reach it" in str(error.value)


def test_lock_file_names_no_host():
    """The lock file pins every package by its digest and leaves the registry to npm."""
    lock = json.loads((node.FOLDER / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not any("resolved" in each for each in packages.values())
    assert "://" not in (Path(node.FOLDER) / "package-lock.json").read_text()
