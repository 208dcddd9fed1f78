"""Installing packages: with compilers only where one is compiled, and the server in any case."""

import json
import re
import subprocess
import sys
import zipfile

import pytest

from docker_image import packages, system, tools
from template.tests.image.containers import ROOT

SERVER = (ROOT / "template/adopt/image/docker_image/server.txt").read_text()
NOT_COMPILED = "error: subprocess-exited-with-error\n"


@pytest.fixture
def venv(tmp_path):
    """A virtual environment without pip, as the image has it."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.fixture
def source(tmp_path):
    """Requirements as the build copies them: a package that lies beside them."""
    folder = tmp_path / "requirements"
    folder.mkdir()
    wheel = folder / "own_package-3-py3-none-any.whl"
    files = {
        "METADATA": "Name: Own.Package\nVersion: 3\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"own_package-3.dist-info/{name}", text)
    (folder / "requirements.txt").write_text(f"{wheel}\n")
    (folder / "chosen.json").write_text(json.dumps("requirements.txt"))
    return folder


@pytest.fixture
def pip(monkeypatch):
    """What pip was asked to install, by a pip that ends as the test says."""
    asked, ends = [], []

    def play(venv, requirements, *options):
        asked.append((requirements.read_text(), options))
        return ends.pop(0) if ends else (0, "")

    monkeypatch.setattr(packages, "pip", play)
    return asked, ends


def test_project_and_server_are_installed(venv, source, monkeypatch):
    """The project's packages are installed by pip, and then the server in its pinned versions."""
    monkeypatch.setenv("SYSTEM_PACKAGES", "gdal-bin curl")
    real, added = packages.pip, []
    monkeypatch.setattr(
        packages,
        "pip",
        lambda venv, file, *options: (
            (added.append(file.read_text()) or (0, "")) if options else real(venv, file)
        ),
    )
    packages.main(str(source), str(venv), str(source / "needed"))
    assert packages.installed(venv) == {"own-package": "3"}
    assert [text.strip() for text in added] == [SERVER.strip()]
    assert (source / "needed").read_text() == "curl\ngdal-bin"


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ({"gunicorn": "20.1.0", "whitenoise": "5.0"}, ["gunicorn"]),
        ({"whitenoise": "5.0"}, ["gunicorn"]),
        ({}, ["gunicorn", "whitenoise"]),
    ],
)
def test_own_whitenoise_stays_and_gunicorn_does_not(venv, pip, monkeypatch, there, missing):
    """The project's whitenoise fits its settings; gunicorn has to fit the image's configuration."""
    monkeypatch.setattr(packages, "installed", lambda venv: there)
    packages.add_web_server(venv)
    [(text, options)] = pip[0]
    assert re.findall(r"^\w+", text, re.MULTILINE) == missing
    assert options == ("--no-deps",)
    assert list(venv.glob("*.txt")) == []


def test_server_that_is_there_is_not_installed_again(venv, pip, monkeypatch):
    """With both packages in the right versions nothing is added."""
    there = dict(re.findall(r"^(\w+)==(\S+)", SERVER, re.MULTILINE))
    monkeypatch.setattr(packages, "installed", lambda venv: there)
    packages.add_web_server(venv)
    assert pip[0] == []


def test_server_has_the_versions_of_this_repository():
    """What is added to a project is what this repository has been tested with."""
    own = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^\w+==\S+", SERVER, re.MULTILINE)
    assert len(pins) == 2
    assert set(pins) <= set(re.findall(r"^\w+==\S+", own, re.MULTILINE))


def test_server_that_cannot_be_added_is_refused(venv, pip):
    """Where the server cannot be installed the build says how to list it oneself."""
    pip[1].append((1, ""))
    with pytest.raises(SystemExit, match="Put gunicorn and whitenoise into"):
        packages.add_web_server(venv)


def test_compilers_come_when_a_package_was_not_built(venv, source, pip, monkeypatch):
    """A package that cannot be built is tried again with Debian's compilers, and only then."""
    called = []
    monkeypatch.setattr(packages, "install_compilers", lambda: called.append(True))
    pip[1].append((1, NOT_COMPILED))
    packages.install(venv, source / "requirements.txt")
    assert called == [True]
    assert len(pip[0]) == 2
    packages.install(venv, source / "requirements.txt")
    assert called == [True]


def test_package_that_never_builds_is_refused(venv, source, pip, monkeypatch):
    """Where the compilers do not help the build names the lines that may."""
    monkeypatch.setattr(packages, "install_compilers", lambda: None)
    pip[1].extend([(1, NOT_COMPILED), (1, NOT_COMPILED)])
    with pytest.raises(SystemExit, match=r"ARG BUILD_PACKAGES(?s:.*)ARG BASE_IMAGE"):
        packages.install(venv, source / "requirements.txt")


def test_other_failures_bring_no_compilers(venv, source, pip):
    """A package that does not exist is refused at once."""
    pip[1].append((1, "ERROR: No matching distribution found"))
    with pytest.raises(SystemExit, match="ARG REQUIREMENTS"):
        packages.install(venv, source / "requirements.txt")


def test_pip_is_heard_and_its_failure_seen(venv, source, capsys):
    """What pip says is printed line by line, and its exit code is the result."""
    (source / "requirements.txt").write_text("--no-index\nno-such-package\n")
    code, said = packages.pip(venv, source / "requirements.txt")
    assert code == 1
    assert "No matching distribution" in said
    assert said in capsys.readouterr().out


def test_pyproject_becomes_requirements(tmp_path):
    """The dependencies of a pyproject.toml are written line by line."""
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\ndependencies = ["django~=5.2", "whitenoise"]\n')
    assert packages.requirements_of(file).read_text() == "django~=5.2\nwhitenoise"


def test_lock_file_becomes_requirements(tmp_path, monkeypatch):
    """A lock file goes to the tool that reads it, in its folder, with a path of its own."""
    calls = []
    monkeypatch.setattr(tools, "run", lambda *call: calls.append(call) or "django==5.2\n")
    assert packages.requirements_of(tmp_path / "Pipfile.lock").read_text() == "django==5.2\n"
    (path, install, _), (same, export, folder) = calls
    assert install[1:4] == ["-m", "pip", "--python"]
    assert export[:2] == ["micropipenv", "requirements"]
    assert (same, folder) == (path, tmp_path)


def test_lock_file_that_is_none_is_refused(tmp_path, monkeypatch):
    """A lock file that its tool does not read ends the build with the way round it."""
    monkeypatch.setitem(tools.EXPORTS, "uv.lock", ("false",))
    monkeypatch.setattr(tools.subprocess, "run", failing(tools.subprocess.run))
    with pytest.raises(SystemExit, match=r"uv\.lock could not be read: `false`"):
        tools.export_lock(tmp_path / "uv.lock")


def failing(run):
    """A subprocess.run that makes no virtual environment and installs nothing into one."""

    def play(command, **options):
        made = len(command) > 1
        return run(["true"] if made else command, **options)

    return play


def test_program_is_looked_for_in_the_path_of_the_tool(tmp_path):
    """A tool's programs come before others of the same name, and run where they are told."""
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\necho $UV_PYTHON_DOWNLOADS in $PWD\n")
    program.chmod(0o755)
    assert tools.run(str(tmp_path), ["uv"], tmp_path) == f"never in {tmp_path}\n"


@pytest.mark.parametrize(
    ("installed", "needed"),
    [
        ({"django"}, set()),
        ({"psycopg"}, {"libpq5"}),
        ({"psycopg", "psycopg-binary"}, set()),
        ({"python-magic", "psycopg", "psycopg-c"}, {"libmagic1"}),
    ],
)
def test_libraries_opened_by_name_are_known(venv, installed, needed):
    """A package that opens a library of the system by its name gets the Debian package of it."""
    assert system.needed_packages(venv, installed) == needed


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """What Debian's programs are asked, by doubles: libpq is there once it has been installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    answers = {
        "apt-get": 'echo "$@" >> "$LOG"',
        "dpkg-query": 'case "$1" in --show) printf "base\\nlibc6\\n";; *) shift; for file; do'
        ' case "$file" in *libpq*) echo "libpq5:amd64: $file";; *) echo "libc6: $file";; esac;'
        " done;; esac",
        "ldd": 'case "$1" in *driver*) [ -e "$LOG" ] && echo " libpq.so.5 => /usr/lib/libpq.so.5"'
        ' || echo " libpq.so.5 => not found";; esac;'
        ' echo " libc.so.6 => /lib/libc.so.6 (0x2)"; echo " /lib64/ld-linux.so.2 (0x3)"',
    }
    for name, answer in answers.items():
        (programs / name).write_text(f"#!/bin/sh\n{answer}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("BUILD_PACKAGES", "g++ make")
    monkeypatch.setattr(system, "BEFORE", tmp_path / "before")
    return tmp_path / "log"


def extension(venv, name):
    """Add an extension to the packages."""
    file = venv / "lib/python3/site-packages" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def test_packages_that_bring_their_libraries_need_none(venv, debian):
    """Where every library is found nothing is installed."""
    extension(venv, "binary.so")
    assert system.needed_packages(venv, set()) == set()
    assert not debian.exists()


@pytest.mark.parametrize("compiled_now", [True, False])
def test_libraries_of_compiled_packages_are_needed(venv, debian, compiled_now):
    """What an extension is linked with is needed, compiled in this build or in an earlier one."""
    extension(venv, "driver.so")
    if compiled_now:
        system.install_compilers()
    assert system.needed_packages(venv, {"python-magic"}) == {"libpq5", "libmagic1"}


@pytest.mark.parametrize(("header", "more"), [(True, ""), (False, " python3-dev")])
def test_headers_of_python_come_with_the_compilers(debian, tmp_path, monkeypatch, header, more):
    """Debian's own Python keeps its headers in another package, the official image has them."""
    monkeypatch.setattr(system.sysconfig, "get_path", lambda name: str(tmp_path))
    if header:
        (tmp_path / "Python.h").touch()
    system.install_compilers()
    install = f"-qq install --yes --no-install-recommends g++ make{more}"
    assert debian.read_text() == f"-qq update\n{install}\n"


def test_base_image_without_apt_is_refused(debian, monkeypatch):
    """On an image that is not Debian's the build says so."""
    monkeypatch.setenv("PATH", str(debian.parent))
    with pytest.raises(SystemExit, match="BASE_IMAGE has to be Debian's"):
        system.apt_get("update")
