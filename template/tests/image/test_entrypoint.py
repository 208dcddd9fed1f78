"""The image's entry point, run as a process: what it hands to its command, and what it refuses."""

import json
import os
import signal
import subprocess
import sys

import dj_database_url
import pytest
from psycopg.conninfo import conninfo_to_dict

from template.tests.image.containers import ROOT, docker

ENTRYPOINT = ROOT / "deploy" / "entrypoint.py"
PRINT_ENVIRONMENT = (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
SECRET = "hunter2-and-more"
SERVER = {
    "PGHOST": "db.example.com",
    "PGPORT": "5432",
    "PGDATABASE": "app",
    "PGUSER": "owner",
    "PGPASSWORD": "word",
}
SQLITE = 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}'
SQLITE_BY_ANOTHER_NAME = 'DATABASES = {"default": {"ENGINE": "wrapper", "NAME": "db.sqlite3"}}'
FROM_URL = """
import os, urllib.parse
url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:]}}
"""
FROM_PG = """
import os
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGHOST"]}}
"""


@pytest.fixture
def run(tmp_path):
    """A function that runs the entry point with a command, in an environment and nothing else."""

    def run_entrypoint(*command, **environment):
        return subprocess.run(
            [sys.executable, ENTRYPOINT, *command],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_entrypoint


@pytest.fixture
def environment_of(run):
    """A function that returns the environment that a command is given."""

    def environment(**variables):
        ended = run(*PRINT_ENVIRONMENT, **variables)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return environment


@pytest.fixture
def project(tmp_path):
    """A function that writes the module of settings, and returns the variable that names it."""

    def write_settings(source, module="shop_settings"):
        (tmp_path / f"{module}.py").write_text(source)
        return {"DJANGO_SETTINGS_MODULE": module}

    return write_settings


# What becomes of the command.


def test_command_takes_the_place_of_the_process():
    """The command has the process number of the entry point, so that signals reach it."""
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [sys.executable, ENTRYPOINT, sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert int(process.stdout.readline()) == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM


@pytest.mark.parametrize("status", [0, 3])
def test_exit_status_is_the_commands(run, status):
    """A command that fails makes the container fail, with its own status."""
    assert run("sh", "-c", f"exit {status}").returncode == status


def test_arguments_are_handed_on_as_they_are(run):
    """No shell looks at the command: blanks, quotes and dollars reach it."""
    words = ["two words", "$HOME", "'quoted'", "*", ""]
    ended = run(sys.executable, "-c", "import sys; print(sys.argv[1:])", *words)
    assert ended.stdout == f"{words}\n"


def test_no_command_is_refused(run):
    """A container without a command says so."""
    ended = run()
    assert (ended.returncode, ended.stderr) == (1, "There is no command to run.\n")


def test_unknown_command_is_named(run):
    """A command that does not exist is named, in one line."""
    ended = run("no-such-program", "--flag")
    assert ended.returncode == 1
    assert ended.stderr == "no-such-program: No such file or directory\n"


# STAGE_CONFIG.


def test_stage_config_becomes_variables(environment_of):
    """Each member is a variable of the command, with every character."""
    members = {"PLAIN": "value", "EMPTY": "", "HOSTILE": "a=b'\"$(x)\n\tü%", "PGHOSTILE": "{}"}
    given = environment_of(STAGE_CONFIG=json.dumps(members))
    assert members.items() <= given.items()


def test_variable_of_the_container_comes_first(environment_of):
    """What the container has already is left alone, also where it is empty."""
    members = json.dumps({"ONE": "from the stage", "TWO": "from the stage"})
    given = environment_of(STAGE_CONFIG=members, ONE="its own", TWO="")
    assert (given["ONE"], given["TWO"]) == ("its own", "")


@pytest.mark.parametrize("config", ["", "{}"])
def test_stage_config_may_be_empty(environment_of, config):
    """A stage without variables of its own adds none."""
    assert environment_of(STAGE_CONFIG=config).keys() == environment_of().keys() | {"STAGE_CONFIG"}


@pytest.mark.parametrize(
    "config",
    [
        SECRET,
        f'{{"TOKEN": "{SECRET}"',
        f'["{SECRET}"]',
        f'"{SECRET}"',
        "0",
        f'{{"TOKEN": "{SECRET}", "NUMBER": 1}}',
        f'{{"TOKEN": "{SECRET}", "NOTHING": null}}',
        f'{{"TOKEN": {{"{SECRET}": "{SECRET}"}}}}',
        f'{{"": "{SECRET}"}}',
        f'{{"NAME={SECRET}": "{SECRET}"}}',
        f'{{"NUL": "{SECRET}\\u0000"}}',
        f'{{"SURROGATE": "{SECRET}\\ud800"}}',
        f'{{"DEEP": {"[" * 100_000}"{SECRET}"',
    ],
    ids=lambda config: config[:40],
)
def test_malformed_stage_config_is_refused(run, tmp_path, config):
    """What is no object of strings ends the start, and nothing of it is printed."""
    ended = run("touch", "started", STAGE_CONFIG=config)
    assert ended.returncode == 1
    assert ended.stdout + ended.stderr == (
        "STAGE_CONFIG must be a JSON object whose members are strings.\n"
    )
    assert not (tmp_path / "started").exists()


# DATABASE_URL.


@pytest.mark.parametrize(
    "password",
    [
        "plain",
        "p@ss:w/rd?#[]%",
        "%41%2F",
        "a b+c&d=e",
        "'\"`$(id)\\",
        "{PGUSER}{0}",
        "pässwörd-日本",
        "line\nbreak\ttab",
        "",
        "!*()-_.~^|<>",
    ],
)
def test_database_url_says_what_libpq_would_read(environment_of, password):
    """Whatever the password is, Django's readers of the URL and libpq get it back."""
    user = f"user {password}"
    given = environment_of(**SERVER | {"PGPASSWORD": password, "PGUSER": user})
    found = dj_database_url.parse(given["DATABASE_URL"])
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.com", 5432, "app")
    assert (found["USER"], found["PASSWORD"]) == (user, password)
    assert found["ENGINE"] == "django.db.backends.postgresql"
    parsed = conninfo_to_dict(given["DATABASE_URL"])
    assert (parsed["user"], parsed.get("password", "")) == (user, password)
    assert (parsed["host"], parsed["port"], parsed["dbname"]) == ("db.example.com", "5432", "app")


def test_database_url_of_a_host_alone(environment_of):
    """Where libpq's other variables are missing the URL leaves them to libpq."""
    parsed = conninfo_to_dict(environment_of(PGHOST="db")["DATABASE_URL"])
    assert {name: value for name, value in parsed.items() if value} == {"host": "db"}


def test_libpq_variables_may_come_from_the_stage(environment_of):
    """What STAGE_CONFIG brings is in the URL too."""
    given = environment_of(**SERVER | {"STAGE_CONFIG": '{"PGPASSWORD": "other"}'})
    assert ":word@" in given["DATABASE_URL"]
    given = environment_of(PGHOST="db", STAGE_CONFIG='{"PGPASSWORD": "other"}')
    assert ":other@" in given["DATABASE_URL"]


def test_database_url_of_the_container_stays(environment_of):
    """A DATABASE_URL that is set already is left alone; an empty one is none."""
    assert environment_of(**SERVER, DATABASE_URL="mysql://db/shop")["DATABASE_URL"] == (
        "mysql://db/shop"
    )
    assert environment_of(**SERVER, DATABASE_URL="")["DATABASE_URL"].startswith("postgresql://")


@pytest.mark.parametrize("variables", [{}, {"PGHOST": ""}, {"PGUSER": "me", "PGPASSWORD": "x"}])
def test_no_server_no_database_url(environment_of, variables):
    """Without PGHOST, as on a developer's machine with PGUSER, nothing is made up."""
    assert "DATABASE_URL" not in environment_of(**variables)


@pytest.mark.parametrize("name", ["PGPASSWORD_FILE", "PGUSER_FILE", "DATABASE_URL_FILE"])
def test_files_are_left_to_the_settings(environment_of, name):
    """A URL without the password would take the place of the file that has it."""
    server = {key: value for key, value in SERVER.items() if f"{key}_FILE" != name}
    assert "DATABASE_URL" not in environment_of(**server, **{name: "/run/secrets/word"})


# SQLite beside a server.


@pytest.mark.parametrize("source", [SQLITE, SQLITE_BY_ANOTHER_NAME])
@pytest.mark.parametrize("command", [("python", "manage.py", "migrate"), ("touch", "started")])
def test_sqlite_beside_a_server_is_refused(run, project, tmp_path, source, command):
    """Where PGHOST is set and Django would use SQLite no command starts, and the reason is said."""
    (tmp_path / "wrapper").mkdir()
    (tmp_path / "wrapper" / "base.py").write_text(
        "from django.db.backends.sqlite3.base import DatabaseWrapper as DatabaseWrapper\n"
    )
    (tmp_path / "manage.py").write_text("open('started', 'w')\n")
    ended = run(*command, **SERVER, **project(source))
    assert ended.returncode == 1
    assert "DATABASES in the settings is SQLite" in ended.stderr
    assert "DATABASE_URL, or from PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert SERVER["PGPASSWORD"] not in ended.stderr.split()
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("source", [FROM_URL, FROM_PG])
def test_settings_that_read_the_server_start(run, project, source):
    """Settings that read DATABASE_URL, or PGHOST, start."""
    ended = run("echo", "started", **SERVER, **project(source))
    assert (ended.returncode, ended.stdout) == (0, "started\n"), ended.stderr


@pytest.mark.parametrize("variables", [{}, {"PGHOST": ""}])
def test_sqlite_alone_starts(run, project, variables):
    """Where there is no server, SQLite is the demo's."""
    ended = run("echo", "started", **project(SQLITE), **variables)
    assert (ended.returncode, ended.stdout) == (0, "started\n"), ended.stderr


def test_command_of_another_kind_starts_beside_a_server(run):
    """An image without Django's settings is not asked for them."""
    assert run("echo", "started", **SERVER).stdout == "started\n"


@pytest.mark.parametrize("source", ["import no_such_module\n", "raise SystemExit('SECRET_KEY?')\n"])
def test_settings_that_cannot_be_loaded_start_nothing(run, project, tmp_path, source):
    """Where nobody knows which database it would be, nothing starts; the settings say why."""
    ended = run("touch", "started", **SERVER, **project(source))
    assert ended.returncode == 1
    assert "no_such_module" in ended.stderr or ended.stderr == "SECRET_KEY?\n"
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("module", ["settings", "console", "errors"])
def test_settings_may_be_called_like_files_beside_the_entry_point(run, project, module):
    """The project's modules come before those of deploy/, which may have the same names."""
    ended = run("echo", "started", **SERVER, **project(FROM_URL, module))
    assert (ended.returncode, ended.stdout) == (0, "started\n"), ended.stderr


def test_what_settings_set_stays_out_of_the_environment(run, project):
    """Loading the settings changes nothing of what the command is given."""
    source = FROM_URL + "os.environ['LEFT_BEHIND'] = os.environ['DATABASE_URL'] = 'changed'\n"
    given = json.loads(run(*PRINT_ENVIRONMENT, **SERVER, **project(source)).stdout)
    assert "LEFT_BEHIND" not in given
    assert given["DATABASE_URL"].startswith("postgresql://")


# In a container.


@pytest.mark.usefixtures("docker")
def test_every_command_of_the_image_has_a_database_url(image):
    """A command in place of the image's own, as a release's migration is, comes through it."""
    variables = {
        **SERVER,
        "PGPASSWORD": "p@ss",
        "STAGE_CONFIG": '{"EXTRA": "of the stage", "ALLOWED_HOSTS": "example.com"}',
        "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    }
    options = [f"--env={name}={value}" for name, value in variables.items()]
    show = ("sh", "-c", 'echo "$DATABASE_URL $EXTRA"')
    said = docker("run", "--rm", *options, image, *show).stdout
    assert said == "postgresql://owner:p%40ss@db.example.com:5432/app of the stage\n"


# WAIT_FOR_MIGRATIONS.

WAIT = {"WAIT_FOR_MIGRATIONS": "1"}
WITH_MIGRATIONS = f'INSTALLED_APPS = ["django.contrib.contenttypes"]\n{SQLITE}'
AT_ONCE = """
import runpy, sys, time
slept = []
time.sleep = slept.append
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0])
finally:
    print(sum(slept))
"""


def migrate(run, environment):
    """Bring the database of a project up to date."""
    ended = run(sys.executable, "-m", "django", "migrate", PYTHONPATH=".", **environment)
    assert ended.returncode == 0, ended.stderr


def test_a_migrated_database_needs_no_waiting(run, project):
    """Where nothing is left to migrate, the command runs at once."""
    environment = project(WITH_MIGRATIONS)
    migrate(run, environment)
    assert run("echo", "done", **environment, **WAIT).stdout == "done\n"


def test_a_command_waits_for_migrations(run, project, tmp_path):
    """The command runs only after the database has got the migrations."""
    environment = project(WITH_MIGRATIONS)
    waiting = subprocess.Popen(
        [sys.executable, ENTRYPOINT, "echo", "done"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]} | environment | WAIT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(5)
        migrate(run, environment)
        assert waiting.communicate(timeout=120)[0] == "done\n"
    assert waiting.returncode == 0


def test_waiting_has_an_end(project, tmp_path):
    """After half an hour the command is given up, with a sentence."""
    environment = {"PATH": os.environ["PATH"]} | project(WITH_MIGRATIONS) | WAIT
    ended = subprocess.run(
        [sys.executable, "-c", AT_ONCE, ENTRYPOINT, "echo", "done"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == "1800\n"
    assert ended.stderr == "The database lacks migrations of this image after 30 minutes.\n"


def test_without_the_variable_nothing_waits(run, project):
    """A web server and a worker start on whatever schema there is."""
    assert run("echo", "done", **project(WITH_MIGRATIONS)).stdout == "done\n"


def test_an_unreachable_database_is_no_reason_to_wait(run, project):
    """What fails for another reason fails at once, with that reason."""
    source = WITH_MIGRATIONS.replace('"db.sqlite3"', '"/no/such/folder/db.sqlite3"')
    ended = run("echo", "done", **project(source), **WAIT)
    assert ended.returncode == 1
    assert "unable to open database file" in ended.stderr
