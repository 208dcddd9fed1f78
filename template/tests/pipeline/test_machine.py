"""A rehearsal takes its tools from the machine, and none of the person's secrets."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from template.rehearsal import machine
from template.rehearsal.serving import serve
from template.tests.pipeline.workflows import ROOT

ANSWERS = "#!/bin/sh\nexit 0\n"
FAILS = "#!/bin/sh\nexit 1\n"
NO_BUILDX = '#!/bin/sh\n[ "$1" != buildx ]\n'


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A function that makes the only programs on PATH, by name and text."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(**texts: str) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(folder))
    return make


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "act is not installed. Run: make install-template"),
        ({"act": ANSWERS}, "aws is not installed. Run: make install-template"),
        ({"act": ANSWERS, "aws": ANSWERS}, "The rehearsal needs Docker"),
        ({"act": ANSWERS, "aws": ANSWERS, "docker": FAILS}, "Docker does not answer"),
        ({"act": ANSWERS, "aws": ANSWERS, "docker": NO_BUILDX}, "Docker has no buildx"),
    ],
)
def test_what_is_missing_is_told(programs, texts, message):
    """Each missing thing comes with what to do about it."""
    programs(**texts)
    with pytest.raises(machine.MachineError, match=message):
        machine.check()


def test_machine_with_everything_passes(programs):
    """Where the programs are there and Docker answers, nothing is said."""
    programs(act=ANSWERS, aws=ANSWERS, docker=ANSWERS)
    assert machine.check() is None


@pytest.mark.parametrize("folder", ["/my files", "/somebody's", "/$HOME"])
def test_folder_that_act_does_not_take(programs, monkeypatch, folder):
    """act runs nothing in a folder with blanks: that is told, with another one."""
    programs(act=ANSWERS, aws=ANSWERS, docker=ANSWERS)
    monkeypatch.setattr(tempfile, "tempdir", folder)
    with pytest.raises(machine.MachineError, match="TMPDIR=/tmp make rehearse"):
        machine.check()


def test_packages_of_the_person_are_reached(docker, tmp_path, monkeypatch):
    """How a person's pip and uv find packages, and what they have downloaded, is known to a run."""
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    (tmp_path / "person/.config/pip").mkdir(parents=True)
    (tmp_path / "person/.config/pip/pip.conf").write_text("[global]\n")
    home = Path(machine.environment(tmp_path / "home", "try")["HOME"])
    assert (home / ".config/pip/pip.conf").read_text() == "[global]\n"
    assert not (home / ".cache").exists()


def test_machine_is_not_changed_by_sudo(docker, tmp_path):
    """A step that installs packages of the runner's goes on without them, and says so."""
    environment = machine.environment(tmp_path / "home", "try")
    command = ["sh", "-c", "sudo apt-get update && sudo touch new"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].endswith("does not change this machine: sudo touch new")
    assert not (tmp_path / "new").exists()


def test_temporary_files_are_the_rehearsal_s(docker, tmp_path):
    """What a killed step leaves in a temporary folder goes with the rehearsal's own."""
    environment = machine.environment(tmp_path / "home", "try")
    made = subprocess.run(["mktemp"], env=environment, capture_output=True, text=True, check=True)
    assert Path(made.stdout.strip()).is_relative_to(tmp_path / "home")


def test_secrets_of_the_person_stay_out(docker, tmp_path, monkeypatch):
    """Credentials and other variables of the person are not passed on; the network's are."""
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "DATABASE_URL"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    environment = machine.environment(tmp_path / "home", "try")
    assert "secret" not in environment.values()
    assert environment["HTTPS_PROXY"] == "http://proxy"
    assert environment["HOME"] == str(tmp_path / "home")
    first, second, *_ = environment["PATH"].split(os.pathsep)
    assert (first, second) == (str(tmp_path / "home/bin"), str(Path(sys.executable).parent))


def test_logins_of_the_person_stay_out(docker, tmp_path, monkeypatch):
    """Docker gets a new configuration with the person's plugins and nothing else."""
    person = tmp_path / "person"
    (person / "cli-plugins").mkdir(parents=True)
    (person / "config.json").write_text("{}")
    monkeypatch.setenv("DOCKER_CONFIG", str(person))
    config = Path(machine.environment(tmp_path / "home", "try")["DOCKER_CONFIG"])
    assert [each.name for each in config.iterdir()] == ["cli-plugins"]
    assert (config / "cli-plugins").resolve() == person / "cli-plugins"


def test_person_without_plugins_has_none(docker, tmp_path, monkeypatch):
    """Without plugins of the person's own, the new configuration is empty."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nothing"))
    config = Path(machine.environment(tmp_path / "home", "try")["DOCKER_CONFIG"])
    assert list(config.iterdir()) == []


def test_port_is_given_once():
    """A port is free, is given to nobody else meanwhile, and costs no descriptor for ever."""
    ports = {machine.free_port() for _ in range(50)}
    assert len(ports) == 50
    with socket.create_server(("127.0.0.1", 0)) as server:
        left = server.getsockname()[1]
    other = (
        "from template.rehearsal import machine\n"
        f"machine.PORTS = {[*ports, left]}\nprint(machine.free_port())"
    )
    command = [sys.executable, "-c", other]
    given = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert given.stdout == f"{left}\n"
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()
    for _ in range(2 * machine.MOST_GUARDS):
        machine.free_port()
    assert len(machine._guards) == machine.MOST_GUARDS


def test_actions_need_node(monkeypatch):
    """Without Node.js the genuine actions could not run."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert machine.reaches_github() is False


def test_actions_need_github(monkeypatch):
    """Without a connection to github.com they could not be downloaded."""

    def refuse(address, timeout):
        raise OSError

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert machine.reaches_github() is False


def test_actions_can_be_downloaded(monkeypatch):
    """Where a server takes the connection for github.com, they can."""
    connect = socket.create_connection
    with serve(lambda environ, start_response: []) as endpoint:
        place = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        monkeypatch.setattr(shutil, "which", lambda name: name)
        monkeypatch.setattr(socket, "create_connection", lambda to, timeout: connect(place))
        assert machine.reaches_github() is True
