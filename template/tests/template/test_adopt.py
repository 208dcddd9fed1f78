"""`make adopt` looks at a project once, writes what it lacks, and says what is left to do."""

import ast
import os
import re
import runpy
import subprocess
import sys

import pytest
import yaml

from deploy.stages import read_choices
from template.adopt.adopt import write as write_file
from template.cli import main
from template.errors import TemplateError
from template.tests.image.containers import ROOT
from template.tests.template import difficult_shapes, public_shapes, shapes
from template.tests.template.projects import base, project, write

IMAGE = "public.ecr.aws/docker/library/python:3.{}-slim-trixie"
BY_URL = """
import dj_database_url
DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR}/db.sqlite3")}
"""


@pytest.fixture
def folder(tmp_path):
    """A folder for somebody's project, beside the template."""
    path = tmp_path / "My Shop"
    path.mkdir()
    return path


def files(folder):
    """The files below a folder, with what they say."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".git/" not in path.as_posix()
    }


def adopt(folder, capsys, code=0):
    """What the command prints about a folder, and that it ends so."""
    assert main(["adopt", str(folder)]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def dockerfile(folder, place="Dockerfile"):
    """The Dockerfile that was written, its steps in one line each."""
    return (folder / place).read_text().replace(" \\\n", " ")


def settings(folder, place="deploy"):
    """The settings of the container, which are Python."""
    text = (folder / place / "django_settings.py").read_text()
    ast.parse(text)
    return text


def git(folder, *arguments):
    """Run Git in a folder."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_recipe_needs_nothing_installed(folder):
    """`make adopt` works with a bare Python, and changes no file of the project's."""
    base(folder)
    before = files(folder)
    path = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    recipe = ["make", "adopt", f"INTO={folder}", f"PYTHON={sys.executable} -S"]
    ended = subprocess.run(recipe, cwd=ROOT, env=path, capture_output=True, text=True, check=True)
    assert "docker build -t my-shop ." in ended.stdout
    after = files(folder)
    assert before.items() <= after.items()
    added = after.keys() - before.keys()
    workflows = {path.name for path in (ROOT / ".github/workflows").iterdir()} - {"template.yml"}
    assert {f".github/workflows/{name}" for name in workflows} <= added
    for place in ("deploy/*.py", "deploy/infra/*.yml", ".github/actions/*/action.yml"):
        assert {path.relative_to(ROOT).as_posix() for path in ROOT.glob(place)} <= added
    places = (".github/", "deploy/")
    in_the_root = {name for name in added if not name.startswith(places)}
    files_of_the_root = {"build.yml", "release.yml", "stages.toml", "Dockerfile", ".dockerignore"}
    assert in_the_root == files_of_the_root


def test_pipeline_says_what_the_template_says(folder, capsys):
    """The buildspecs, the stacks and the action are the template's, to the letter."""
    base(folder)
    adopt(folder, capsys)
    for name in ("build.yml", "release.yml", "deploy/infra/stage.yml"):
        assert (folder / name).read_text() == (ROOT / name).read_text()
    theirs = (folder / "deploy/gunicorn.conf.py").read_text()
    assert theirs == "# mypy: ignore-errors\n" + (ROOT / "deploy/gunicorn.conf.py").read_text()


def test_no_recipe_is_named_that_a_project_has_not(folder, capsys):
    """There is no Makefile in a project: what is copied names the command itself."""
    base(folder)
    adopt(folder, capsys)
    recipes = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"setup", "doctor", "config", "logs"} <= set(recipes)
    for name, text in files(folder).items():
        assert not re.search(rf"`make ({'|'.join(recipes)})\b", text), name
    assert "# In the template, every key: docs/" in (folder / "stages.toml").read_text()
    assert "python3 -m deploy setup" in (folder / ".github/workflows/deploy.yml").read_text()


def test_copied_command_runs(folder, capsys):
    """`python3 -m deploy` works in the project, also where it lies in another folder."""
    for place, more in (("deploy", {}), ("tools.deploy", {"deploy/nginx.conf": ""})):
        path = folder / place
        base(path, files=more)
        adopt(path, capsys)
        command = [sys.executable, "-m", place, "--help"]
        said = subprocess.run(command, cwd=path, capture_output=True, text=True, check=True)
        assert "doctor" in said.stdout


def test_workflows_are_valid(folder, capsys):
    """What is written passes actionlint, and deploy.yml calls the workflow with the tests."""
    base(folder, BY_URL.replace("BASE_DIR}/db.sqlite3", "BASE_DIR}"))
    git(folder, "init", "-b", "main")
    adopt(folder, capsys)
    workflows = sorted(map(str, (folder / ".github/workflows").iterdir()))
    subprocess.run(["actionlint", *workflows], check=True, cwd=folder)
    jobs = yaml.safe_load((folder / ".github/workflows/deploy.yml").read_text())["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["build"]["needs"] == "test"
    called = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())
    assert set(called[True]) == {"pull_request", "workflow_call"}


def test_second_run_copies_nothing(folder, capsys):
    """What was written is there already the second time, and nothing is changed."""
    base(folder)
    adopt(folder, capsys)
    before = files(folder)
    said = adopt(folder, capsys)
    assert files(folder) == before
    assert "Copied:" not in said
    assert "Already there:" in said
    assert "left alone" not in said


def test_nothing_is_overwritten(folder, capsys):
    """A file of the project's own stays as it is, and the difference is told."""
    base(folder, files={"build.yml": "version: 0.2\n"})
    said = adopt(folder, capsys)
    assert (folder / "build.yml").read_text() == "version: 0.2\n"
    _, _, different = said.partition("left alone:")
    assert "build.yml (" in different
    assert "lines of the template are not in it, 0 are its own" in different


def test_dangling_link_is_left_alone(folder, capsys, tmp_path):
    """Nothing is written through a link that leads nowhere."""
    base(folder)
    (folder / "build.yml").symlink_to(tmp_path / "elsewhere")
    adopt(folder, capsys)
    assert not (tmp_path / "elsewhere").exists()


SHAPES = {**shapes.SHAPES, **public_shapes.SHAPES, **difficult_shapes.SHAPES}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gets_its_python(name, folder, capsys):
    """Each shape is adopted, its settings are found and are Python, and FROM has its Python."""
    shape = SHAPES[name]
    shape.make(folder)
    said = adopt(folder, capsys)
    assert "  settings: " in said
    text = dockerfile(folder, f"{shape.place}Dockerfile")
    assert f"FROM {IMAGE.format(shape.python)} AS base\n" in text
    assert " import *\n" in settings(folder, "tools/deploy" if "tools" in shape.place else "deploy")
    assert ("on ECS the image refuses to start" in said) == (not shape.connected)


# F1, and the database of issue's third point


def test_variables_of_the_database_are_mapped(folder, capsys):
    """The settings' own names get the stage's values, and the engine is PostgreSQL's there."""
    shapes.environ_names(folder)
    said = adopt(folder, capsys)
    assert "SQL_HOST from PGHOST" in said
    text = settings(folder)
    assert '"SQL_DATABASE": "PGDATABASE",' in text
    assert '"DJANGO_ALLOWED_HOSTS": "ALLOWED_HOSTS",' in text
    assert 'os.environ.setdefault("SQL_ENGINE", "django.db.backends.postgresql")' in text


MAPPED = [
    ('os.environ["POSTGRES_HOST"]', "POSTGRES_HOST", "PGHOST"),
    ('os.getenv("DB_HOST", "localhost")', "DB_HOST", "PGHOST"),
    ('env("MYAPP_DBHOST")', "MYAPP_DBHOST", "PGHOST"),
    ('env.str("DATABASE_HOSTNAME", default="db")', "DATABASE_HOSTNAME", "PGHOST"),
    ('config("RDS_HOSTNAME", default="localhost")', "RDS_HOSTNAME", "PGHOST"),
    ('get_variable("SHOP_DB_HOST")', "SHOP_DB_HOST", "PGHOST"),
]


@pytest.mark.parametrize(("reading", "name", "given"), MAPPED)
def test_readers_are_understood(folder, capsys, reading, name, given):
    """os.environ, django-environ, decouple and functions of the project's own are read."""
    base(
        folder,
        f"""
        import os
        def get_variable(name):
            return os.environ[name]
        DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "HOST": {reading}}}}}
        """,
    )
    said = adopt(folder, capsys)
    assert f'"{name}": "{given}",' in settings(folder)
    assert "on ECS the image refuses to start" not in said


def test_driver_is_added_where_the_project_has_none(folder, capsys):
    """A project that reads DATABASE_URL and has no driver gets one; one with a driver keeps it."""
    base(folder, BY_URL)
    adopt(folder, capsys)
    assert "'psycopg[binary]==3.3.9'" in dockerfile(folder)
    other = folder / "other"
    base(other, BY_URL, {"requirements.txt": "Django==5.2.*\npsycopg2-binary==2.9.10\n"})
    adopt(other, capsys)
    assert "psycopg[binary]" not in dockerfile(other)


def test_settings_whose_database_nobody_can_tell(folder, capsys):
    """The sentence names the setting and a line."""
    shapes.hidden_database(folder)
    said = adopt(folder, capsys)
    assert "DATABASES in shop.settings reads no variable for its server" in said
    assert "dj_database_url.config(" in said


def test_sqlite_that_is_written_down_gets_the_stages(folder, capsys):
    """A tutorial's file of SQLite's: PostgreSQL takes its place on a stage, with a driver."""
    base(folder, 'DATABASES["default"]["OPTIONS"] = {"timeout": 20}\n')
    said = adopt(folder, capsys)
    assert "DATABASES in shop.settings is SQLite, wherever it runs" in said
    assert '"ENGINE": "django.db.backends.postgresql",' in settings(folder)
    assert '"OPTIONS": {},' in settings(folder)
    assert "'psycopg[binary]==3.3.9'" in dockerfile(folder)


def test_wagtail_on_postgresql_gets_what_its_search_wants(folder, capsys):
    """Its tables there have indexes of django.contrib.postgres."""
    base(folder, 'INSTALLED_APPS += ["wagtail.search", "wagtail"]\n')
    adopt(folder, capsys)
    line = '    INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.postgres"]\n'
    assert line in settings(folder)
    other = folder / "other"
    base(other, 'INSTALLED_APPS += ["wagtail.search", "django.contrib.postgres"]\n')
    adopt(other, capsys)
    assert line not in settings(other)


def test_other_connections_to_sqlite_are_told(folder, capsys):
    """Only the default connection gets the stage's database."""
    base(folder, 'DATABASES["logs"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "logs"}\n')
    assert 'DATABASES["logs"] is SQLite: on a stage it ends' in adopt(folder, capsys)


def test_old_django_gets_the_old_driver(folder, capsys):
    """psycopg 3 is Django's since 4.2."""
    base(folder, files={"requirements.txt": "Django==3.2.25\n"})
    adopt(folder, capsys)
    assert "psycopg2-binary==2.9.11" in dockerfile(folder)


@pytest.mark.parametrize(
    ("pins", "added"),
    [
        ("Django==2.2.5\n", True),
        ("Django>=3.0,<3.1\npsycopg2\n", True),
        ("Django==2.2.5\npsycopg2>=2.8,<2.9\n", False),
        ("Django==2.2.5\npsycopg2==2.8.3\n", False),
        ("Django==3.1.5\npsycopg2\n", False),
    ],
)
def test_driver_is_of_the_time_of_an_old_django(folder, capsys, pins, added):
    """2.9 and Django before 3.1 disagree about time zones."""
    base(folder, BY_URL, {"requirements.txt": pins})
    adopt(folder, capsys)
    assert ("psycopg2-binary==2.8.6" in dockerfile(folder)) == added
    assert "psycopg2-binary==2.9" not in dockerfile(folder)


@pytest.mark.parametrize("line", ["psycopg2>=2.7.5,<2.8.0", "psycopg2-binary==2.7.4"])
def test_driver_that_is_too_old_for_every_image_is_replaced(folder, capsys, line):
    """In the build and in the workflow of the tests; newer ones stay as they are."""
    base(folder, BY_URL, {"requirements.txt": f"Django>=2.1.3,<2.2.0\n{line}\n"})
    said = adopt(folder, capsys)
    assert "the Dockerfile takes psycopg2-binary==2.8.6: write that into your" in said
    assert "no wheel" not in said
    step = next(line for line in dockerfile(folder).splitlines() if line.startswith("RUN sed"))
    assert step.removeprefix("RUN ") in (folder / ".github/workflows/ci.yml").read_text()
    subprocess.run(["sh", "-c", step.removeprefix("RUN ")], cwd=folder, check=True)
    kept = (folder / "requirements.txt").read_text()
    assert kept == "Django>=2.1.3,<2.2.0\npsycopg2-binary==2.8.6\n"


@pytest.mark.parametrize(
    ("pin", "added"),
    [("gunicorn==20.1.0", True), ("APScheduler==3.9.1", True), ("gunicorn==21.2.0", False)],
)
def test_package_that_imports_pkg_resources_gets_it(folder, capsys, pin, added):
    """The newest setuptools has it no longer, and a new Python has no setuptools."""
    base(folder, files={"requirements.txt": f"Django==5.2.*\n{pin}\n"})
    adopt(folder, capsys)
    assert ("setuptools==80.9.0" in dockerfile(folder)) == added


@pytest.mark.parametrize(("pin", "told"), [("Pillow==6.2.1", True), ("Pillow==9.5.0", False)])
def test_old_pillow_is_told_where_libraries_are(folder, capsys, pin, told):
    """It looks for none in Debian's folders."""
    base(folder, files={"requirements.txt": f"Django==2.2.28\n{pin}\n"})
    adopt(folder, capsys)
    flags = 'CFLAGS="-I/usr/include -L/usr/lib/$(gcc -print-multiarch)" pip install'
    assert (flags in dockerfile(folder)) == told


@pytest.mark.parametrize("line", ["psycopg2>=2.8,<2.9", "psycopg2==2.8.1", "psycopg2>=2.7", ""])
def test_driver_that_can_be_compiled_stays(folder, capsys, line):
    """A range that ends later, or has no end."""
    base(folder, files={"requirements.txt": f"Django>=2.1.3,<2.2.0\n{line}\n"})
    adopt(folder, capsys)
    assert "RUN sed" not in dockerfile(folder)


def test_driver_that_is_pinned_too_new_is_told(folder, capsys):
    """The pin is the project's to change."""
    base(folder, BY_URL, {"requirements.txt": "Django==2.2.5\npsycopg2-binary==2.9.1\n"})
    assert "psycopg2 2.9.1 and Django 2.2 do not go together" in adopt(folder, capsys)


def test_branch_on_sqlite_gets_the_stages_database(folder, capsys):
    """A flag of the project's own keeps SQLite although DB_HOST is read: the stage's wins."""
    base(
        folder,
        """
        import os
        if os.environ.get("USE_POSTGRES") == "yes":
            DATABASES = {
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "HOST": os.environ["DB_HOST"],
                }
            }
        else:
            DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}
        """,
    )
    adopt(folder, capsys)
    assert 'if "sqlite" in DATABASES["default"]["ENGINE"]:\n' in settings(folder)


ENGINES = [
    ('os.environ.get("DB_ENGINE", "django.db.backends.sqlite3")', "django.db.backends.postgresql"),
    ("f\"django.db.backends.{os.environ.get('DB_ENGINE', 'sqlite3')}\"", "postgresql"),
    ('"django.db.backends." + os.environ.get("DB_ENGINE", "sqlite3")', "postgresql"),
    ('"x" if os.environ.get("DB_ENGINE") == "postgres" else "y"', "postgres"),
]


@pytest.mark.parametrize(("reading", "value"), ENGINES)
def test_engine_is_chosen_by_its_variable(folder, capsys, reading, value):
    """The variable gets PostgreSQL's engine, its last part, or the project's own word for it."""
    host = '"HOST": os.environ.get("DB_HOST")'
    base(folder, f'import os\nDATABASES = {{"default": {{"ENGINE": {reading}, {host}}}}}\n')
    adopt(folder, capsys)
    assert f'os.environ.setdefault("DB_ENGINE", "{value}")\n' in settings(folder)


DEBUGS = [
    ('config("DEBUG", default=True, cast=bool)', "False"),
    ('env.bool("DEBUG", True)', "False"),
    ('env.bool("DEBUG")', "False"),
    ('os.environ.get("DEBUG", "True") == "True"', "False"),
    ('int(os.environ.get("DEBUG", 1))', "0"),
    ('bool(int(os.environ.get("DEBUG", 1)))', "0"),
    ('bool(os.environ.get("DEBUG", True))', ""),
    ('from_env("DEBUG", True)', "False"),
    ('from_env("DEBUG", False)', None),
    ('config("DEBUG", default=False, cast=bool)', None),
    ('bool(strtobool(os.getenv("DEBUG", "false")))', None),
    ('os.environ.get("DEBUG") == "1"', None),
]


@pytest.mark.parametrize(("reading", "value"), DEBUGS)
def test_debug_is_off_before_the_settings_are_loaded(folder, capsys, reading, value):
    """Where it is on unless told otherwise, its variable says so on a stage and in the build."""
    apps = 'INSTALLED_APPS += ["django.contrib.staticfiles"]\n'
    function = "def from_env(name, other):\n    if name in os.environ:\n"
    function += "        return os.environ[name] == 'True'\n    return other\n"
    base(folder, f"import os\n{apps}{function}DEBUG = {reading}\n")
    adopt(folder, capsys)
    text = settings(folder)
    assert (f'os.environ.setdefault("DEBUG", "{value}")\nfrom' in text) == (value is not None)
    assert ("RUN DEBUG=" in dockerfile(folder)) == (value is not None)


def test_text_that_says_false_is_true(folder, capsys):
    """What no one converts is on whatever it says, and so a stage's settings say it themselves."""
    base(folder, 'import os\nDEBUG = os.getenv("DEBUG", "False")\n')
    assert "DEBUG is True unless told otherwise" in adopt(folder, capsys)
    assert "    DEBUG = False\n" in settings(folder)


def test_https_is_not_asked_of_a_stage_without_a_certificate(folder, capsys):
    """A redirect to HTTPS would lead nowhere."""
    base(folder, "SECURE_SSL_REDIRECT = True\n")
    adopt(folder, capsys)
    assert 'if os.environ.get("HTTPS") == "false":' in settings(folder)
    other = folder / "other"
    base(other)
    adopt(other, capsys)
    assert "HTTPS" not in settings(other)


def test_settings_for_production_are_chosen_by_their_variable(folder, capsys):
    """The variable has its word for production in the image, and only production's are read."""
    public_shapes.split(folder)
    said = adopt(folder, capsys)
    assert "chosen: DJANGO_ENV=production in the image" in said
    assert "DJANGO_ENV=production\n" in dockerfile(folder)
    assert "debug_toolbar" not in said
    assert "DJANGO_ENV" not in said.partition("Left for you")[2]


def test_postgresql_that_is_written_down_gets_the_stages(folder, capsys):
    """A tutorial's PostgreSQL on localhost: the stage's takes its place there."""
    base(
        folder,
        """
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "localhost"
            }
        }
        """,
    )
    said = adopt(folder, capsys)
    assert "gives it the stage's database" in said
    assert '"HOST": os.environ["PGHOST"],' in settings(folder)


def test_secret_key_may_not_be_missing(folder, capsys):
    """Django refuses to load without one, although the settings give no reason."""
    lines = """
        import os
        SECRET_KEY = os.environ.get("SHOP_SECRET_KEY")
        INSTALLED_APPS.append("django.contrib.staticfiles")
        """
    base(folder, lines)
    adopt(folder, capsys)
    assert "SHOP_SECRET_KEY=only-for-the-build" in dockerfile(folder)
    assert '"SHOP_SECRET_KEY": "SECRET_KEY"' in settings(folder)


def test_secret_key_that_only_developers_have(folder, capsys):
    """Settings for production without one, as `wagtail start` writes them, read the stage's."""
    text = (base(folder), (folder / "shop/settings.py").read_text())[1]
    lines = [line for line in text.splitlines() if not line.startswith(("SECRET_KEY", "ALLOWED"))]
    write(folder, {"shop/settings.py": "\n".join(lines)})
    assert "The settings have no SECRET_KEY" in adopt(folder, capsys)
    assert 'SECRET_KEY = os.environ["SECRET_KEY"]' in settings(folder)
    assert 'os.environ.get("ALLOWED_HOSTS", "localhost").split(",")' in settings(folder)


def test_log_beside_the_code_is_led_to_the_volume(folder, capsys):
    """A file that LOGGING opens in the folder of manage.py."""
    base(folder, 'LOGGING = {"version": 1, "handlers": {"a": {"filename": "server.log"}}}\n')
    adopt(folder, capsys)
    assert "ln -sf /data/server.log server.log" in dockerfile(folder)


def test_folders_elsewhere_are_made_and_led_to_the_volume(folder, capsys):
    """Paths of a server that somebody had; what Debian has is no folder of the project's."""
    logging = '{"a": {"filename": "/var/log/shop/a.log"}, "b": {"filename": "/var/log/b.log"}}'
    lines = f"""
        INSTALLED_APPS.append("django.contrib.staticfiles")
        MEDIA_ROOT = "/vol/web/media"
        FILE_UPLOAD_TEMP_DIR = "/tmp"
        LOGGING = {{"version": 1, "handlers": {logging}}}
        """
    base(folder, lines)
    adopt(folder, capsys)
    build, final = dockerfile(folder).split("\nFROM base\n")
    assert "RUN mkdir -p /var/log/shop\n" in build.partition("collectstatic")[0]
    media = "mkdir -p /data/vol-web-media /vol/web && ln -s /data/vol-web-media /vol/web/media"
    assert media in final
    assert "ln -s /data/var-log-shop /var/log/shop" in final
    assert "ln -sf /data/b.log /var/log/b.log" in final
    assert "/data/tmp" not in final


MYSQL = """
    import os
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "NAME": os.environ["DB_NAME"],
            "HOST": os.environ["DB_HOST"],
        }
    }
    """


def test_mysql_is_told_and_not_led_to_postgresql(folder, capsys):
    """A stage has PostgreSQL: settings for MySQL get none of its values, and a sentence."""
    base(folder, MYSQL, {"requirements.txt": "Django==5.2.*\nmysqlclient\n"})
    said = adopt(folder, capsys)
    assert "The settings want MySQL, and a stage has PostgreSQL" in said
    assert "bring a MySQL server of your own and tell the stage where: DB_HOST, DB_NAME." in said
    assert "The settings cannot be loaded without DB_HOST, DB_NAME." in said
    assert 'os.environ["PGHOST"]' not in settings(folder)
    assert '"DB_HOST": ' not in settings(folder)
    assert "psycopg" not in dockerfile(folder)


def test_mysql_as_one_of_several_is_no_matter(folder, capsys):
    """A variable chooses PostgreSQL."""
    public_shapes.engines(folder)
    assert "want MySQL" not in adopt(folder, capsys)
    assert 'os.environ.setdefault("DB_ENGINE", "postgres")' in settings(folder)


def test_word_that_chooses_one_of_several_databases(folder, capsys):
    """By its name it could be a database's; MySQL is only the last that the settings can have."""
    lines = """
        import os
        KIND = os.getenv("DB")
        if KIND == "postgres":
            DATABASES = {
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "NAME": os.getenv("DB_NAME"),
                    "HOST": os.getenv("DB_HOST"),
                }
            }
        if os.getenv("DB") == "mysql":
            DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}
        """
    base(folder, lines)
    assert "want MySQL" not in adopt(folder, capsys)
    assert 'os.environ.setdefault("DB", "postgres")' in settings(folder)
    assert '"DB_NAME": "PGDATABASE"' in settings(folder)
    assert '"DB": "PGDATABASE"' not in settings(folder)


@pytest.mark.parametrize(
    ("engine", "server"), [("djongo", "MongoDB"), ("mssql", "SQL Server"), ("oracle", "Oracle")]
)
def test_other_servers_get_nothing_of_a_stages(folder, capsys, engine, server):
    """Their own have to be brought."""
    lines = f'{{"default": {{"ENGINE": "{engine}", "HOST": os.getenv("DB_HOST")}}}}'
    base(folder, f"import os\nDATABASES = {lines}\n")
    assert f"The settings want {server}, and a stage has PostgreSQL" in adopt(folder, capsys)
    assert '"DB_HOST": ' not in settings(folder)


@pytest.mark.parametrize(
    "lines",
    [
        "del DATABASES\ntry:\n    from .local_settings import *\nexcept ImportError:\n    pass\n",
        'DATABASES = {"default": {"ENGINE": "django.db.backends.", "NAME": "", "HOST": ""}}\n',
    ],
)
def test_database_that_only_developers_name_is_the_stages(folder, capsys, lines):
    """The settings in Git have none: the stage gives it, with a driver."""
    base(folder)
    text = (folder / "shop/settings.py").read_text()
    lines = lines.replace("del DATABASES\n", "")
    (folder / "shop/settings.py").write_text(text.partition("DATABASES")[0] + lines)
    assert "No database is named in what shop.settings reads" in adopt(folder, capsys)
    stage = settings(folder).partition('if "PGHOST"')[2]
    assert '    DATABASES = {"default": {}}\n' in stage
    assert '"ENGINE": "django.db.backends.postgresql",\n' in stage
    assert "psycopg[binary]" in dockerfile(folder)


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        ('json.loads(os.environ["HOSTS"])', "HOSTS"),
        ('ast.literal_eval(os.environ.get("ALLOWED_HOSTS", "[]"))', "ALLOWED_HOSTS"),
        ("Config().allowed_hosts", "ALLOWED_HOSTS"),
    ],
)
def test_list_that_is_read_as_json_is_given_as_json(folder, capsys, monkeypatch, reading, name):
    """A stage separates hosts by commas."""
    lines = f"""
        import ast, json, os
        from pydantic_settings import BaseSettings
        class Config(BaseSettings):
            allowed_hosts: list[str] = []
        ALLOWED_HOSTS = {reading}
        """
    base(folder, lines)
    adopt(folder, capsys)
    monkeypatch.setattr(os, "environ", {"ALLOWED_HOSTS": "a.example,b.example"})
    before = settings(folder).partition("from shop")[0]
    for _ in range(2):  # a process may load it again
        exec(before, {})  # noqa: S102 - what was written is the subject
        assert os.environ[name] == '["a.example", "b.example"]'


# F2, F4, F6, F8, F11


def test_own_gunicorn_settings_are_not_read(folder, capsys):
    """An own gunicorn.conf.py is named, and the server's settings are others'."""
    base(folder, files={"gunicorn.conf.py": "workers = 3\n"})
    said = adopt(folder, capsys)
    assert "The image does not read your gunicorn.conf.py" in said
    assert '"--config", "/app/deploy/gunicorn.conf.py"' in dockerfile(folder)


def test_nothing_that_code_may_read_is_left_out(folder, capsys):
    """Documents, tests and data reach the image; secrets, databases and .git do not."""
    base(folder, '(BASE_DIR / "CHANGELOG.md").read_text()\n(BASE_DIR / ".release").read_text()\n')
    write(folder, {"CHANGELOG.md": "", ".release": "1\n", ".env": "SECRET=1\n"})
    adopt(folder, capsys)
    lines = (folder / ".dockerignore").read_text().splitlines()
    assert not {"*.md", "tests", "docs", "data"} & set(lines)
    assert {"**/.env", "**/.git", "**/*.sqlite3", "!.release"} <= set(lines)
    assert "!.env" not in lines


def test_variable_that_is_split_gets_a_value(folder, capsys):
    """What cannot be without a value has one in the build, of the kind that is asked for."""
    base(
        folder,
        """
        import os
        ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS").split(" ")
        PORT = int(os.environ["SHOP_NUMBER"])
        KEY = os.environ["SHOP_SECRET"]
        SENTRY = os.environ.get("SENTRY_DSN")
        INSTALLED_APPS.append("django.contrib.staticfiles")
        STATIC_URL = "/static/"
        """,
    )
    adopt(folder, capsys)
    step = next(line for line in dockerfile(folder).splitlines() if "collectstatic" in line)
    assert "DJANGO_ALLOWED_HOSTS=localhost " in step
    assert "SHOP_NUMBER=1 " in step
    assert "SENTRY_DSN" not in step
    key = next(word for word in step.split() if word.startswith("SHOP_SECRET=")).partition("=")[2]
    assert len(key) >= 50


WRITTEN = {
    "MEDIA_ROOT": ('MEDIA_ROOT = BASE_DIR / "media"', "media"),
    "join": ('import os\nMEDIA_ROOT = os.path.join(BASE_DIR, "files", "up")', "files/up"),
    "f-string": ('MEDIA_ROOT = f"{BASE_DIR}/uploads"', "uploads"),
    "log": (
        'LOGGING = {"version": 1, "handlers": {"file": {"filename": BASE_DIR / "logs/a.log"}}}',
        "logs",
    ),
    "cache": (
        'CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache",'
        ' "LOCATION": BASE_DIR / "files"}}',
        "files",
    ),
    "mkdir": ('(BASE_DIR / "cache").mkdir(exist_ok=True)', "cache"),
    "makedirs": ('import os\nos.makedirs(os.path.join(BASE_DIR, "var"), exist_ok=True)', "var"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_folders_that_are_written_to_lead_to_the_volume(folder, capsys, name):
    """A folder that the settings or the code write to is led to /data, and told."""
    line, place = WRITTEN[name]
    base(folder, f"\n{line}\n")
    assert f"written to: {place}/" in adopt(folder, capsys)
    assert f"ln -s /data/{place.replace('/', '-')} {place}" in dockerfile(folder)


def test_views_that_write_are_found(folder, capsys):
    """A view that opens a file for writing in a folder of the project."""
    view = 'from django.conf import settings\nopen(settings.BASE_DIR / "out" / "a", "w")\n'
    base(folder, files={"shop/views.py": view, "shop/reader.py": 'open("in/a")\n'})
    adopt(folder, capsys)
    assert "ln -s /data/out out" in dockerfile(folder)
    assert "/data/in" not in dockerfile(folder)


def test_sqlite_of_the_project_is_kept_in_the_volume(folder, capsys):
    """A file of SQLite's in a folder that is not in Git."""
    base(folder, 'DATABASES["default"]["NAME"] = BASE_DIR / "data" / "db.sqlite3"\n')
    adopt(folder, capsys)
    assert 'database["NAME"] = "/data/"' in settings(folder)
    assert "ln -s" not in dockerfile(folder)


# F5 and F7: Python and the packages


@pytest.mark.parametrize(
    ("more", "minor", "said"),
    [
        ({"requirements.txt": "Django==5.2.*\npsycopg2-binary==2.9.9\n"}, 11, ""),
        ({"requirements.txt": "Django==5.2.*\npsycopg2-binary==2.9.10\n"}, 13, ""),
        (
            {
                "requirements.txt": "Django==5.2.*\npsycopg2-binary==2.9.9\n",
                ".python-version": "3.13.2\n",
            },
            13,
            "psycopg2-binary==2.9.9 has no wheel for Python 3.13: psycopg2-binary==2.9.10 is the"
            " first that has one, or take Python 3.12 in `FROM`.",
        ),
        ({"shop/views.py": "import cgi\n"}, 11, ""),
        ({"shop/views.py": "import imp\n"}, 11, ""),
        ({"shop/views.py": "try:\n    import cgi\nexcept ImportError:\n    pass\n"}, 13, ""),
        ({"tests/test_a.py": "import imp\n"}, 13, ""),
        (
            {"shop/views.py": "import cgi\n", "runtime.txt": "python-3.14.0\n"},
            14,
            "The code imports `cgi`, which Python has no longer since 3.13",
        ),
        ({"runtime.txt": "python-3.11.9\n"}, 11, ""),
        ({"Dockerfile": "FROM python:3.11-slim\n"}, 11, "Python: 3.11 (Dockerfile says 3.11)"),
        ({"docker/app/Dockerfile.prod": "FROM docker.io/python:3.12 AS x\n"}, 12, ""),
        ({"Dockerfile": "FROM python:3.11\n", ".python-version": "3.14\n"}, 14, ""),
        ({"Dockerfile": "FROM node:22\n"}, 13, ""),
        ({"runtime.txt": "python-3.7.2\n"}, 9, "has no image on Debian trixie any more"),
        ({".tool-versions": "nodejs 20.0.0\npython 3.12.1\n"}, 12, ""),
        ({".python-version": "3.10\n"}, 10, ""),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.14"\n'}, 14, ""),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.11,<3.13"\n'}, 11, ""),
        ({"pyproject.toml": '[project]\nrequires-python = "==3.12.*"\n'}, 12, ""),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.11"\n'}, 13, ""),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\n'}, 13, ""),
        ({"requirements.txt": "Django==3.2.25\n"}, 9, ""),
        ({"requirements.txt": "Django~=5.2.0\nPillow>=10.2,<10.3\n"}, 11, ""),
        ({"requirements.txt": "Django~=5.2.0\nPillow~=10.2.0\n"}, 11, ""),
        ({"requirements.txt": "Django~=5.2.0\nPillow==10.2.*\n"}, 11, ""),
        ({"requirements.txt": "Django~=5.2.0\nPillow>=10.2,<11\n"}, 13, ""),
        ({"requirements.txt": "Django~=5.2.0\nPillow>=10.2\n"}, 13, ""),
        (
            {"requirements.txt": "Django~=2.1.0\nPillow>=5.3,<5.4\n"},
            9,
            "pillow<5.4 has no wheel for Python 3.9: pillow==8.0.0 is the first",
        ),
        ({"requirements.txt": "Django>=4.2,<5\n"}, 11, ""),
        ({"requirements.txt": "Django~=4.2.1\n"}, 11, ""),
        ({"requirements.txt": "Django==6.1.3\n"}, 13, ""),
        ({"requirements.txt": "django\n"}, 13, ""),
    ],
)
def test_python_is_what_the_project_says_and_its_pins_can_have(folder, capsys, more, minor, said):
    """Files that name a Python, Django's own support, wheels, and modules that are gone."""
    base(folder, files=more)
    assert said in adopt(folder, capsys)
    place = "deploy/Dockerfile" if "Dockerfile" in more else "Dockerfile"
    assert f"FROM {IMAGE.format(minor)} AS base" in dockerfile(folder, place)
    assert f"Python: 3.{minor} (" in adopt(folder, capsys)


def test_lock_tells_its_wheels(folder, capsys):
    """A lock whose newest wheel is for another Python than the usual one."""
    wheel = "https://files.example/thing-1-cp311-cp311-manylinux_2_17_x86_64.whl"
    lock = f"""
        version = 1
        [[package]]
        name = "shop"
        version = "1"
        source = {{ virtual = "." }}
        dependencies = [{{ name = "django" }}, {{ name = "thing" }}]
        [[package]]
        name = "django"
        version = "5.2.1"
        [[package]]
        name = "thing"
        version = "1"
        wheels = [{{ url = "{wheel}" }}]
        """
    pyproject = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["django", "thing"]\n'
    base(folder, files={"uv.lock": lock, "pyproject.toml": pyproject})
    adopt(folder, capsys)
    assert f"FROM {IMAGE.format(11)} AS base" in dockerfile(folder)


def test_uv_installs_groups_and_extras_that_production_imports(folder, capsys):
    """A group called prod, an extra that the settings import, and no other; the project's uv."""
    shapes.uv_groups(folder)
    said = adopt(folder, capsys)
    assert "uv.lock, group prod, extra env, installed by uv" in said
    text = dockerfile(folder)
    assert "uv sync --locked --no-dev --group prod --extra env --no-install-project" in text
    assert "'uv>=0.9'" in text
    assert "COPY pyproject.toml uv.lock ./" in text


def test_lock_with_a_git_source_gets_git(folder, capsys):
    """A source in a Git repository wants git in the build, and may be private."""
    source = '{ git = "https://example.com/thing?rev=main#abc" }'
    lock = f"""
        version = 1
        [[package]]
        name = "shop"
        version = "1"
        source = {{ virtual = "." }}
        dependencies = [{{ name = "django" }}, {{ name = "thing" }}]
        [[package]]
        name = "django"
        version = "5.2.1"
        [[package]]
        name = "thing"
        version = "1"
        source = {source}
        """
    pyproject = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["django", "thing"]\n'
    base(folder, files={"uv.lock": lock, "pyproject.toml": pyproject})
    assert "comes from a Git repository" in adopt(folder, capsys)
    assert "--no-install-recommends git " in dockerfile(folder)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            {"requirements/prod.txt": "-r base.txt\n", "requirements/base.txt": "django\n"},
            "COPY requirements/base.txt requirements/prod.txt requirements/",
        ),
        ({"requirements.txt": "django\n-e .\n", "setup.py": ""}, "COPY . ./"),
        (
            {"requirements.txt": "flask\n", "deps.txt": "", "prod-requirements.txt": "Django\n"},
            "-r prod-requirements.txt",
        ),
        (
            {
                "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\ndjango = "^5.2"\n',
                "requirements.txt": None,
            },
            "'django>=5.2,<6'",
        ),
        (
            {"setup.py": "setup(install_requires=['Django>=5'])", "requirements.txt": None},
            "install --disable-pip-version-check -e .",
        ),
        (
            {
                "Pipfile": '[packages]\ndjango = "~=5.2.0"\na = {extras = ["b"], version = "*"}\n',
                "requirements.txt": None,
            },
            "install --disable-pip-version-check 'django~=5.2.0' 'a[b]'",
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["django"]\n',
                "requirements.lock": "-e file:.\ndjango==5.2.1\n",
                "requirements.txt": None,
            },
            "install --disable-pip-version-check -r requirements.lock",
        ),
    ],
)
def test_packages_come_from_the_projects_own_files(folder, capsys, more, line):
    """Requirements in folders, those that include others, and projects that are packages."""
    base(folder)
    for name, text in more.items():
        (folder / name).unlink() if text is None else write(folder, {name: text})
    adopt(folder, capsys)
    assert line in dockerfile(folder)


@pytest.mark.parametrize(
    ("requirement", "build", "run"),
    [
        ("psycopg2", "gcc libc6-dev python3-dev libpq-dev", "libpq5"),
        ("psycopg", "", "libpq5"),
        ("psycopg[c]", "gcc libc6-dev python3-dev libpq-dev", "libpq5"),
        ("psycopg[binary]", "", ""),
        (
            "mysqlclient",
            "gcc libc6-dev python3-dev pkg-config default-libmysqlclient-dev",
            "libmariadb3",
        ),
        ("python-magic", "", "libmagic1"),
    ],
)
def test_libraries_are_there_when_settings_are_loaded(folder, capsys, requirement, build, run):
    """What opens a library by name has it in the stage that both others begin from."""
    base(folder, files={"requirements.txt": f"Django==5.2.*\n{requirement}\n"})
    adopt(folder, capsys)
    first, _, rest = dockerfile(folder).partition("FROM base AS build")
    assert (f"--no-install-recommends {run} " in first) == bool(run)
    assert (f"--no-install-recommends {build} " in rest) == bool(build)
    assert ("apt-get" in first) == bool(run)


def test_geodjango_gets_its_libraries(folder, capsys):
    """GDAL, GEOS and PROJ are opened by name."""
    base(folder, 'INSTALLED_APPS.append("django.contrib.gis")\n')
    adopt(folder, capsys)
    assert "--no-install-recommends gdal-bin binutils " in dockerfile(folder)


@pytest.mark.parametrize(
    ("pin", "added"), [("", "gunicorn==27.0.1"), ("gunicorn==99.1\n", None), ("gunicorn\n", None)]
)
def test_gunicorn_is_the_projects_own(folder, capsys, pin, added):
    """gunicorn is added where there is none, and never takes the place of another release."""
    base(folder, files={"requirements.txt": f"Django==5.2.*\n{pin}"})
    adopt(folder, capsys)
    assert ("gunicorn==27.0.1" in dockerfile(folder)) == bool(added)


OURS = "https://pypi.example.com/simple"
LOCK = f"""
version = 1
[[package]]
name = "shop"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "django" }}]
[[package]]
name = "django"
version = "5.2.1"
source = {{ registry = "{OURS}" }}
"""
UV = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["django"]\n'
POETRY_LOCK = f"""
[[package]]
name = "django"
version = "5.2.1"
files = []

[package.source]
type = "legacy"
url = "{OURS}"
reference = "ours"
"""
PIPFILE_LOCK = f'{{"_meta": {{"sources": [{{"url": "{OURS}"}}]}}, "default": {{"django": {{}}}}}}'
INDEXES = {
    "requirements": {"requirements.txt": f"--extra-index-url {OURS}\nDjango==5.2.*\n"},
    "included": {
        "requirements.txt": "-r base.txt\n",
        "base.txt": f"--index-url={OURS}\nDjango==5.2.*\n",
    },
    "uv": {"pyproject.toml": UV, "uv.lock": LOCK},
    "poetry": {
        "pyproject.toml": '[tool.poetry.dependencies]\ndjango = "*"\n',
        "poetry.lock": POETRY_LOCK,
    },
    "pipenv": {"Pipfile": "", "Pipfile.lock": PIPFILE_LOCK},
}


@pytest.mark.parametrize("name", INDEXES)
def test_login_of_an_index_is_a_secret_of_the_build(folder, capsys, name):
    """In the step that installs, in the pipeline, before the tests; never an argument."""
    base(folder, files=INDEXES[name])
    said = adopt(folder, capsys)
    assert "Packages come from pypi.example.com." in said
    assert "machine HOST login NAME password TOKEN" in said
    text = dockerfile(folder)
    (step,) = [line for line in text.splitlines() if line.startswith("RUN --mount=type=secret")]
    assert step.startswith("RUN --mount=type=secret,id=netrc,target=/root/.netrc ")
    assert "uv sync" in step or "pip install" in step
    assert "ARG" not in text.replace("ARG COMMIT_SHA", "")
    option = "docker build --secret id=netrc,env=NETRC "
    assert option in (folder / "build.yml").read_text()
    workflows = folder / ".github/workflows"
    deploy = yaml.safe_load((workflows / "deploy.yml").read_text())["jobs"]
    assert deploy["build"]["steps"][-1]["env"]["NETRC"] == "${{ secrets.NETRC }}"
    assert deploy["test"]["secrets"] == "inherit"
    tests = yaml.safe_load((workflows / "ci.yml").read_text())["jobs"]
    assert tests["image"]["steps"][-1] == {
        "run": f"{option}.",
        "env": {"NETRC": "${{ secrets.NETRC }}"},
    }
    log_in = next(one for one in tests["test"]["steps"] if "netrc" in one.get("run", ""))
    home = {"HOME": str(folder), "NETRC": "machine a login b password c"}
    subprocess.run(["sh", "-c", log_in["run"]], env={**os.environ, **home}, check=True)
    assert (folder / ".netrc").read_text() == "machine a login b password c\n"
    assert (folder / ".netrc").stat().st_mode & 0o077 == 0
    subprocess.run(["actionlint", workflows / "ci.yml", workflows / "deploy.yml"], check=True)


def test_token_in_the_url_of_an_index_is_a_secret_of_its_own(folder, capsys):
    """pip puts variables into URLs; a password that is written there is told."""
    lines = "--extra-index-url https://${TOKEN}@pypi.example.com/simple\nDjango==5.2.*\n"
    base(folder, files={"requirements.txt": lines})
    assert "the secret NETRC, TOKEN of the repository" in adopt(folder, capsys)
    assert "--mount=type=secret,id=TOKEN,env=TOKEN " in dockerfile(folder)
    assert "--secret id=TOKEN,env=TOKEN " in (folder / "build.yml").read_text()
    other = folder / "other"
    base(other, files={"requirements.txt": lines.replace("${TOKEN}", "me:word")})
    assert "The password of a package index is written into requirements.txt" in adopt(
        other, capsys
    )


@pytest.mark.parametrize("url", ["https://pypi.org/simple", "https://download.pytorch.org/whl/cpu"])
def test_public_index_wants_no_login(folder, capsys, url):
    """Nothing is asked for what anybody may read."""
    base(folder, files={"requirements.txt": f"--extra-index-url {url}\nDjango==5.2.*\n"})
    assert "Packages come from" not in adopt(folder, capsys)
    assert "netrc" not in dockerfile(folder)
    assert "NETRC" not in (folder / ".github/workflows/deploy.yml").read_text()


# F10: the repository


def test_folder_below_the_root_is_adopted_in_the_root(folder, capsys):
    """GitHub reads .github in the root of a repository only."""
    git(folder, "init", "-b", "main")
    base(folder / "app")
    said = adopt(folder / "app", capsys)
    assert "app/ lies in the repository" in said
    assert (folder / ".github/workflows/deploy.yml").is_file()
    assert not (folder / "app/.github").exists()
    assert "WORKDIR /app/app\n" in dockerfile(folder)


def test_other_default_branch_is_deployed(folder, capsys):
    """The branch that GitHub calls the default, whatever its name."""
    git(folder, "init", "-b", "master")
    base(folder)
    adopt(folder, capsys)
    workflow = yaml.safe_load((folder / ".github/workflows/deploy.yml").read_text())
    assert workflow[True]["push"]["branches"] == ["**"]
    default = "github.ref_name == github.event.repository.default_branch"
    assert workflow["jobs"]["test"]["if"] == default


def test_missing_remote_is_told(folder, capsys):
    """Without a repository, and without a remote, there is a next step."""
    base(folder)
    assert "This is no Git repository yet" in adopt(folder, capsys)
    git(folder, "init", "-b", "main")
    assert "has no remote `origin`" in adopt(folder, capsys)
    git(folder, "remote", "add", "origin", "https://example.com/shop.git")
    assert "no remote" not in adopt(folder, capsys)


def test_own_deploy_workflow_stays_beside_the_pipeline(folder, capsys):
    """Never without a pipeline: it has another name, and a sentence."""
    base(folder, files={".github/workflows/deploy.yml": "name: Mine\n"})
    assert "the pipeline's is deploy-to-ecs.yml" in adopt(folder, capsys)
    assert (folder / ".github/workflows/deploy.yml").read_text() == "name: Mine\n"
    assert "run-buildspec" in (folder / ".github/workflows/deploy-to-ecs.yml").read_text()


TESTING = """
name: Tests
on:
  push:
    branches: [main]
  pull_request:
concurrency:
  group: a
jobs:
  test:
    runs-on: ubuntu-latest
    services:
      postgres:
        image: postgres
    steps:
      - run: pytest
"""


def test_own_workflow_of_tests_is_used(folder, capsys):
    """It is called where it can be; otherwise a copy of it is, that has no other trigger."""
    base(folder, files={".github/workflows/tests.yml": TESTING})
    said = adopt(folder, capsys)
    assert "Your tests are in tests.yml" in said
    called = yaml.safe_load((folder / ".github/workflows/ci-before-deploy.yml").read_text())
    assert called[True] == {"workflow_call": None}
    assert called["jobs"] == yaml.safe_load(TESTING)["jobs"]
    assert "concurrency" not in called
    assert not (folder / ".github/workflows/ci.yml").exists()
    other = folder / "other"
    callable_ = TESTING.replace("  pull_request:\n", "  pull_request:\n  workflow_call:\n")
    base(other, files={".github/workflows/tests.yml": callable_})
    adopt(other, capsys)
    jobs = yaml.safe_load((other / ".github/workflows/deploy.yml").read_text())["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/tests.yml"


def test_workflow_that_publishes_is_not_run_twice(folder, capsys):
    """A workflow that also deploys is left alone, and the tests have one of their own."""
    text = TESTING + "  ship:\n    steps:\n      - run: docker push shop\n"
    base(folder, files={".github/workflows/ci.yml": text})
    assert "Your workflow ci.yml publishes" in adopt(folder, capsys)
    called = yaml.safe_load((folder / ".github/workflows/ci-before-deploy.yml").read_text())
    assert "ship" not in called["jobs"]


def test_tests_on_postgresql_have_a_server(folder, capsys):
    """Settings without SQLite: the job has a server, and their variables name it."""
    shapes.decouple(folder)
    adopt(folder, capsys)
    job = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())["jobs"]["test"]
    assert job["services"]["database"]["image"].startswith("public.ecr.aws/docker/library/postgres")
    wanted = {
        "DB_HOST": "localhost",
        "DB_PORT": "5432",
        "DB_USER": "postgres",
        "DB_NAME": "postgres",
    }
    assert wanted.items() <= job["env"].items()
    subprocess.run(["actionlint", folder / ".github/workflows/ci.yml"], check=True)


def test_own_dockerfile_stays(folder, capsys):
    """The pipeline's lies in deploy/, and build.yml names it."""
    base(folder, files={"Dockerfile": "FROM scratch\n"})
    said = adopt(folder, capsys)
    assert "the pipeline's is deploy/Dockerfile" in said
    assert "docker build --file deploy/Dockerfile -t my-shop ." in said
    assert (folder / "Dockerfile").read_text() == "FROM scratch\n"
    assert "COPY --from=build" in dockerfile(folder, "deploy/Dockerfile")
    assert "docker build --file deploy/Dockerfile --build-arg" in (folder / "build.yml").read_text()
    assert (folder / "deploy/Dockerfile.dockerignore").is_file()


@pytest.mark.parametrize("line", ["deploy", "/deploy/", "**/*.txt", "*.txt", "*"])
def test_own_dockerignore_that_leaves_out_too_much_is_told(folder, capsys, line):
    """A .dockerignore that would keep the image from being built."""
    base(folder, files={".dockerignore": f"# mine\n{line}\n"})
    assert "Your .dockerignore leaves out" in adopt(folder, capsys)


def test_own_dockerignore_stays(folder, capsys):
    """One that leaves out nothing of ours is used."""
    base(folder, files={".dockerignore": "node_modules\n*.md\ntests/\n"})
    adopt(folder, capsys)
    assert (folder / ".dockerignore").read_text() == "node_modules\n*.md\ntests/\n"
    assert (folder / "Dockerfile").is_file()


def test_own_folders_are_not_mixed_with_the_templates(folder, capsys):
    """An own deploy/ and an own infra/ get no file, and the pipeline works all the same."""
    base(
        folder,
        files={
            "deploy/nginx.conf": "",
            "infra/main.tf": "",
            "Makefile": "",
            "Procfile": "web: a\nworker: b\n",
        },
    )
    said = adopt(folder, capsys)
    assert [path.name for path in (folder / "deploy").iterdir()] == ["nginx.conf"]
    assert [path.name for path in (folder / "infra").iterdir()] == ["main.tf"]
    assert (
        "The template's files are in tools/deploy/, because you have a deploy/ of your own" in said
    )
    assert "Your infra/ stays as it is" in said
    assert "Your Makefile stays as it is" in said
    assert "setup runs what your Procfile has beside web and release, worker, as" in said
    text = dockerfile(folder)
    assert '"/app/tools/deploy/gunicorn.conf.py"' in text
    assert "DJANGO_SETTINGS_MODULE=tools.deploy.django_settings" in text
    assert "!tools/deploy/entrypoint.py" in (folder / ".dockerignore").read_text()


PACKAGE = """
[build-system]
requires = ["setuptools"]
[project]
name = "shop"
version = "1"
dependencies = ["Django==5.2.*"]
"""


def test_project_can_be_installed_as_before(folder, capsys, tmp_path):
    """setuptools finds the same packages, with what was copied beside them."""
    base(folder, files={"pyproject.toml": PACKAGE})
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, folder]
    subprocess.run(wheel, check=True)
    adopt(folder, capsys)
    subprocess.run(wheel, check=True)


def test_ruff_sees_nothing_new(folder, capsys):
    """The project's own ruff has no complaint that it had not before."""
    base(folder, files={"pyproject.toml": "[tool.ruff]\nline-length = 60\n"})
    subprocess.run(["ruff", "format", "."], cwd=folder, check=True)
    adopt(folder, capsys)
    subprocess.run(["ruff", "format", "--check", "."], cwd=folder, check=True)
    subprocess.run(["ruff", "check", "--select", "ALL", "deploy"], cwd=folder, check=True)


def test_mypy_sees_nothing_new(folder, capsys):
    """Not even at its strictest, and without the types of Django."""
    base(folder)
    adopt(folder, capsys)
    subprocess.run(["mypy", "--strict", "deploy"], cwd=folder, check=True)


def test_settings_for_development_are_told(tmp_path, capsys):
    """Where only a developer's settings are named, those that are there are listed."""
    project(tmp_path, settings="shop.settings.local")
    write(tmp_path, {"shop/settings/other.py": "", **shapes.PLAIN})
    said = adopt(tmp_path, capsys)
    assert "There are also shop.settings.other" in said
    assert "shop.settings.production" not in said


def test_settings_for_production_are_taken(tmp_path, capsys):
    """Where wsgi.py serves a developer's settings, those for production beside them are taken."""
    project(tmp_path, settings="shop.settings.local")
    write(tmp_path, {"shop/settings/prod.py": "from .local import *\n", **shapes.PLAIN})
    assert "settings: shop.settings.prod\n" in adopt(tmp_path, capsys)


def test_package_of_settings_that_chooses_a_developers(tmp_path, capsys):
    """shop.settings is a package whose __init__.py takes those for development."""
    project(tmp_path, settings="shop.settings.base")
    init = {"shop/settings/__init__.py": "from .dev import *\n"}
    named = {"manage.py": (tmp_path / "manage.py").read_text().replace("settings.base", "settings")}
    wsgi = {
        "shop/wsgi.py": (tmp_path / "shop/wsgi.py").read_text().replace("settings.base", "settings")
    }
    more = {"shop/settings/dev.py": "from .base import *\n"}
    write(tmp_path, {**init, **named, **wsgi, **more, **shapes.PLAIN})
    assert "settings: shop.settings\n" in adopt(tmp_path, capsys)
    write(tmp_path, {"shop/settings/production.py": "from .base import *\n"})
    (tmp_path / "deploy/django_settings.py").unlink()
    assert "settings: shop.settings.production\n" in adopt(tmp_path, capsys)


@pytest.mark.parametrize(
    "name", ["REDIS_DB", "READ_DB_HOST", "DB_BACKUP_BUCKET_NAME", "MONGO_DB_NAME", "TEST_DB_NAME"]
)
def test_variables_of_others_are_not_mapped(folder, capsys, name):
    """A variable whose name only resembles that of the database."""
    base(folder, f'import os\nOTHER = os.environ.get("{name}")\n' + BY_URL)
    adopt(folder, capsys)
    assert name not in settings(folder)


def test_classes_of_settings_are_extended(folder, capsys):
    """django-configurations: the class for production gets the middleware, and is named."""
    classes = """
        from configurations import Configuration, values
        class Dev(Configuration):
            SECRET_KEY = values.SecretValue()
            INSTALLED_APPS = ["django.contrib.staticfiles"]
            MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
        class Production(Dev):
            DEBUG = False
        """
    base(folder, files={"shop/settings.py": classes})
    adopt(folder, capsys)
    assert "class Production(Production):\n" in settings(folder)
    assert '"deploy.health.liveness", ' in settings(folder)
    assert "*Production.MIDDLEWARE]" in settings(folder)
    assert "importer.install()\n" in (folder / "deploy/__init__.py").read_text()
    assert '"DJANGO_SECRET_KEY": "SECRET_KEY"' in settings(folder)
    assert "DJANGO_CONFIGURATION=Production" in dockerfile(folder)
    assert "DJANGO_SECRET_KEY=only-for-the-build" in dockerfile(folder)


def test_object_of_dynaconf_gets_what_is_added(folder, capsys):
    """Django asks it, and not the module."""
    difficult_shapes.object_of_dynaconf(folder)
    adopt(folder, capsys)
    assert settings(folder).endswith("\nDYNACONF.update(given)\n")


def choices(folder):
    """What setup would make of stages.toml, once its comments about processes are none."""
    path = folder / "stages.toml"
    text = re.sub(r"^# (\[all\.processes\]|(worker|beat) =)", r"\1", path.read_text(), flags=re.M)
    path.write_text(text)
    processes = read_choices(folder, ("staging",))["staging"].processes
    return {name: process.command for name, process in processes.items()}


CELERY_APP = "from celery import Celery\napp = Celery('shop')\n"
WORKERS = [
    (
        {"requirements.txt": "Django==5.2.*\ncelery\n", "shop/celery.py": CELERY_APP},
        {"worker": "celery -A shop worker --loglevel info"},
    ),
    (
        {
            "requirements.txt": "Django==5.2.*\ncelery\ndjango-celery-beat\n",
            "shop/tasks/celery_app.py": CELERY_APP,
        },
        {
            "worker": "celery -A shop.tasks.celery_app worker --loglevel info",
            "beat": "celery -A shop.tasks.celery_app beat --loglevel info"
            " --schedule /tmp/celerybeat",
        },
    ),
    (
        {
            "requirements.txt": "Django==5.2.*\ncelery\n",
            "docker-compose.yml": "services:\n"
            "  a:\n    command: celery -A app worker -l INFO -c 2\n"
            "  b:\n    command: ['celery', '-A', 'app', 'beat', '-l', 'info']\n",
        },
        {"worker": "celery -A app worker -l INFO -c 2", "beat": "celery -A app beat -l info"},
    ),
    (
        {"requirements.txt": "Django==5.2.*\ndjango-rq\n"},
        {"worker": "python manage.py rqworker default"},
    ),
    ({"requirements.txt": "Django==5.2.*\ncelery\n"}, {"worker": "python manage.py db_worker"}),
]


@pytest.mark.parametrize(("more", "commands"), WORKERS)
def test_workers_are_in_a_comment_of_stages_toml(folder, capsys, more, commands):
    """Celery's by compose or its application, another queue's; else the example of the template."""
    base(folder, files=more)
    said = adopt(folder, capsys)
    found = "python manage.py db_worker" not in commands.values()
    assert ("in a comment: without the `#` setup" in said) == found
    assert ("for which stages.toml has a place" in said) != found
    assert read_choices(folder, ("staging",))["staging"].processes == {}
    assert choices(folder) == commands


def test_procfile_is_read_by_setup(folder, capsys):
    """It stays as it is, and nothing is proposed beside it."""
    procfile = "web: gunicorn shop.wsgi\nrelease: ./migrate\nworker: celery -A shop worker\n"
    requirements = "Django==5.2.*\ncelery\n"
    more = {"Procfile": procfile, "requirements.txt": requirements, "shop/celery.py": CELERY_APP}
    base(folder, files=more)
    said = adopt(folder, capsys)
    assert "Without one: `worker = false` under [all.processes]" in said
    assert "in a comment" not in said
    processes = read_choices(folder, ("staging",))["staging"].processes
    assert {name: one.command for name, one in processes.items()} == {
        "worker": "celery -A shop worker"
    }


def test_procfile_that_setup_would_refuse_is_told(folder, capsys):
    """Two commands in one line."""
    base(folder, files={"Procfile": "web: a\nworker: cd shop && celery worker\n"})
    said = adopt(folder, capsys)
    assert "put several into a script. Until then `python3 -m deploy setup` refuses it." in said


def test_what_the_settings_want_and_nobody_has_is_told(folder, capsys):
    """A module and a file that are not in the project; one that may be missing is not told."""
    lines = """
        from .secrets import *
        TOKEN = (BASE_DIR / "token.txt").read_text()
        try:
            from .local import *
            KEY = open(BASE_DIR / "key.txt").read()
        except ImportError:
            pass
        """
    base(folder, lines)
    said = adopt(folder, capsys)
    assert "The settings want .secrets, which is not there" in said
    assert "The settings want token.txt, which is not there" in said
    assert "want .local" not in said
    assert "want key.txt" not in said


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("NAME = 'shop.configuration'\nmodule = import_module(NAME)\n", "shop.configuration"),
        ("try:\n    from .keys import *\nexcept ImportError:\n    raise ValueError\n", ".keys"),
        ("try:\n    from .keys import *\nexcept ImportError:\n    sys.exit('No.')\n", ".keys"),
        ("import os\nif os.path.exists('a'):\n    from .keys import *\n", ""),
        ("from .folder.part import *\n", ""),
        ("from shop.folder import part\n", ""),
        ("open('/etc/shop.json')\n", "/etc/shop.json"),
        ("p = ConfigParser()\np.read(BASE_DIR / 'shop.ini')\n", "shop.ini"),
        ("p = Parser()\np.read(BASE_DIR / 'shop.ini')\n", ""),
        ("open('shop.json')\n", "shop.json"),
        ("open('shop.json', 'rb')\n", "shop.json"),
        ("open('shop.json', 'w')\n", ""),
        ("open('shop.json', mode='a')\n", ""),
        ("import os\nif os.path.isfile('shop.json'):\n    raise ValueError\n", ""),
        ("open('requirements.txt')\n", ""),
        ("C = Config(RepositoryIni(BASE_DIR / 'shop.ini'))\n", "shop.ini"),
        ("if not (BASE_DIR / 'key').exists():\n    raise ValueError\n", "key"),
        ("import os\nif not os.path.isfile('/etc/key'):\n    raise ValueError\n", "/etc/key"),
        ("if not (BASE_DIR / 'key').exists():\n    KEY = 1\n", ""),
    ],
)
def test_what_may_be_missing_is_not_wanted(folder, capsys, lines, name):
    """An error of its own is no way around; a question for the file, or a folder, is."""
    base(folder, lines, {"shop/folder/part.py": ""})
    said = adopt(folder, capsys)
    assert (f"The settings want {name}, which is not there" in said) == bool(name)
    assert ("The settings want " in said) == bool(name)


QUERIES = [
    ("CHOICES = [(one.pk, one.text) for one in Note.objects.all()]", True),
    ("class Form:\n    first = Note.objects.filter(a=1).first()", True),
    ("ALL = list(Note.objects.values_list('pk', flat=True))", True),
    ("FIRST = Note.objects.all()[0]", True),
    ("class Form:\n    queryset = Note.objects.all()", False),
    ("class Form:\n    objects = Manager.from_queryset(Notes)()", False),
    ("def choices():\n    return list(Note.objects.all())", False),
    ("DEFAULT = lambda: Note.objects.first()", False),
    ("try:\n    ALL = list(Note.objects.all())\nexcept OperationalError:\n    ALL = []", False),
    ("if __name__ == '__main__':\n    print(Note.objects.count())", False),
]


@pytest.mark.parametrize(("lines", "told"), QUERIES)
def test_query_at_import_is_told(folder, capsys, lines, told):
    """The first migration of a new database imports it, before there is a table."""
    base(folder, files={"shop/forms.py": f"{lines}\n", "shop/tests.py": QUERIES[0][0]})
    said = adopt(folder, capsys)
    assert ("shop/forms.py asks the database when it is imported (line " in said) == told
    assert "shop/tests.py asks" not in said


def test_service_that_keeps_secrets_is_not_asked_in_a_build(folder, capsys):
    """The build has no login at AWS."""
    base(folder, 'import boto3\nKEY = boto3.client("ssm").get_parameter(Name="a")\n')
    assert "The settings ask AWS when they are loaded, for which a build" in adopt(folder, capsys)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("from my_settings import SECRET_KEY\n", "my_settings"),
        ("import local_settings\n", "local_settings"),
        ("from shop.settings_local import *\n", "shop.settings_local"),
        ("from .keys import *\n", ".keys"),
        ('open(BASE_DIR / "secrets.json")\n', "secrets.json"),
    ],
)
def test_what_git_leaves_out_is_not_there(folder, capsys, line, name):
    """A developer has the file, and the pipeline's checkout has not: nothing of it is read."""
    git(folder, "init", "-b", "main")
    place = name.lstrip(".").replace(".json", "").replace(".", "/")
    file = {"keys": "shop/keys.py", "secrets": "secrets.json"}.get(place, f"{place}.py")
    base(folder, line, {file: "DEBUG = True\nSECRET_KEY = 1\n", ".gitignore": f"{file}\n"})
    said = adopt(folder, capsys)
    assert f"The settings want {name}, which is not there" in said
    assert "DEBUG is True" not in said


def test_dotenv_that_has_to_exist_is_empty_in_the_image(folder, capsys):
    """Variables come from the stage, and the file that the settings open is a secret."""
    public_shapes.opened_dotenv(folder)
    assert "The settings open .env, which is a secret and in no image" in adopt(folder, capsys)
    assert "RUN touch .env\n" in dockerfile(folder)


def test_requirements_of_another_machine_are_mended(folder, capsys):
    """UTF-16, packages that Linux cannot have, files of conda's; and in the workflow too."""
    base(folder)
    text = "Django==5.2.*\r\npywin32==308\r\nufw==1\r\npyobjc-framework-Cocoa==9\r\n"
    text += "distro-info===0.18ubuntu1\r\nsix @ file:///C:/six\r\npywin32; os_name=='nt'\r\n"
    (folder / "requirements.txt").write_bytes(text.encode("utf-16"))
    names = "pywin32, ufw, pyobjc-framework-Cocoa, distro-info"
    assert f"{names} cannot be installed on Linux" in adopt(folder, capsys)
    step = next(line for line in dockerfile(folder).splitlines() if line.startswith("RUN iconv"))
    tests = (folder / ".github/workflows/ci.yml").read_text()
    assert step.removeprefix("RUN ").replace("  && ", " && ") in tests
    subprocess.run(["sh", "-c", step.removeprefix("RUN ")], cwd=folder, check=True)
    kept = (folder / "requirements.txt").read_text().split("\n")
    assert kept == ["Django==5.2.*", "six", "pywin32; os_name=='nt'", ""]


def test_folder_with_a_blank_in_its_name(folder, capsys):
    """Each step of the Dockerfile and of the workflow takes it for one word."""
    base(folder / "my app", 'INSTALLED_APPS.append("django.contrib.staticfiles")\n')
    (folder / "my app/requirements.txt").write_text("Django==5.2.*\n")
    adopt(folder, capsys)
    text = dockerfile(folder)
    assert 'COPY ["my app/requirements.txt", "my app/"]\n' in text
    assert 'PYTHONPATH="/app:/app/my app"' in text
    assert "RUN cd 'my app'  && " in text
    assert "cd 'my app' && python" in (folder / ".github/workflows/ci.yml").read_text()


def test_path_that_a_function_makes_is_known(folder, capsys):
    """A lambda, or a function of one expression."""
    lines = """
        import os
        location = lambda name: os.path.join(BASE_DIR, name)
        def place(name):
            "Below the project."
            return BASE_DIR / name
        MEDIA_ROOT = location("media")
        FILE_UPLOAD_TEMP_DIR = place("upload")
        """
    base(folder, lines)
    said = adopt(folder, capsys)
    assert "written to: media/" in said
    assert "written to: upload/" in said


def test_variables_of_a_branch_that_production_does_not_take(folder, capsys):
    """They are not asked for."""
    lines = """
        import os
        DEBUG = True
        STRATEGY = os.environ.get("STRATEGY", "standard")
        if STRATEGY == "direct":
            BUCKET = os.environ["BUCKET"]
        if DEBUG:
            TOOLS = os.environ["TOOLS"]
        else:
            MAIL = os.environ["MAIL"]
        """
    base(folder, lines)
    assert "cannot be loaded without MAIL. Give the stage" in adopt(folder, capsys)


@pytest.mark.parametrize(
    "lines",
    [
        'KEY = os.environ.get("SHOP_KEY")\nif not KEY:\n    raise ValueError("KEY")\n',
        'KEY = os.environ.get("SHOP_KEY", "")\nif KEY == "":\n    raise ValueError("KEY")\n',
        'if not os.getenv("SHOP_KEY"):\n    raise ValueError("KEY")\n',
        'KEY = os.getenv("SHOP_KEY")\nassert KEY, "KEY"\n',
        'KEY = os.getenv("SHOP_KEY")\nif not DEBUG and not KEY:\n    raise ValueError("KEY")\n',
        'KEY = os.getenv("SHOP_KEY")\nif not KEY:\n    if DEBUG:\n        KEY = "a"\n    else:\n'
        '        raise ValueError("KEY")\n',
    ],
)
def test_variable_that_settings_refuse_to_miss(folder, capsys, lines):
    """A default of their own, and an error where it is taken: the build has a value."""
    static = 'INSTALLED_APPS.append("django.contrib.staticfiles")\n'
    base(folder, f"import os\nDEBUG = False\n{static}{lines}")
    assert "cannot be loaded without SHOP_KEY." in adopt(folder, capsys)
    assert "RUN SHOP_KEY=only-for-the-build" in dockerfile(folder)


@pytest.mark.parametrize(
    "lines",
    [
        'if DEBUG and not os.getenv("KEY"):\n    raise ValueError\n',
        'if not os.getenv("KEY"):\n    if DEBUG:\n        raise ValueError\n',
        'NAME = os.getenv("NAME", "shop")\nif error == NAME:\n    raise ValueError\n',
    ],
)
def test_variable_that_only_a_developer_is_refused_is_none(folder, capsys, lines):
    """An error that production cannot meet, or that a default answers."""
    base(folder, f"import os\nDEBUG = False\n{lines}")
    assert "cannot be loaded" not in adopt(folder, capsys)


def test_settings_are_read_as_they_are_without_debug(folder, capsys):
    """DEBUG that is on in the settings is off on a stage, and its branch says nothing there."""
    lines = """
        DEBUG = True
        if DEBUG:
            FILE_UPLOAD_TEMP_DIR = BASE_DIR / "of-a-developer"
        else:
            MEDIA_ROOT = BASE_DIR / "media"
        """
    base(folder, lines)
    said = adopt(folder, capsys)
    assert "written to: media/" in said
    assert "of-a-developer" not in said


def test_variables_of_switches_get_what_these_give(folder, capsys):
    """A cache, a bucket and a sender, once stages.toml has them."""
    lines = """
        import os
        CACHE = os.environ["SHOP_REDIS_URL"]
        BUCKET = os.environ.get("DJANGO_AWS_STORAGE_BUCKET_NAME")
        DEFAULT_FROM_EMAIL = os.environ.get("DJANGO_DEFAULT_FROM_EMAIL")
        """
    base(folder, lines)
    said = adopt(folder, capsys)
    assert "SHOP_REDIS_URL (cache = true in stages.toml gives it). Give the stage" in said
    text = settings(folder)
    assert '"SHOP_REDIS_URL": "CACHE_URL",' in text
    assert '"DJANGO_AWS_STORAGE_BUCKET_NAME": "AWS_STORAGE_BUCKET_NAME",' in text
    assert '"DJANGO_DEFAULT_FROM_EMAIL": "DEFAULT_FROM_EMAIL",' in text


def test_encryption_is_the_stages(folder, capsys):
    """Settings that ask for TLS at any place: the stage says which, as for all others."""
    base(folder, BY_URL.replace("config(", "config(ssl_require=True, "))
    adopt(folder, capsys)
    assert 'options["sslmode"] = os.environ["PGSSLMODE"]' in settings(folder)


def test_files_that_requests_would_compress_are_compressed_in_the_build(folder, capsys):
    """A container cannot write static files. Without a page that asks for it nothing is done."""
    apps = 'INSTALLED_APPS += ["django.contrib.staticfiles", "compressor"]\n'
    base(folder, apps)
    adopt(folder, capsys)
    assert "compress" not in dockerfile(folder)
    for name in ("Dockerfile", "deploy/django_settings.py"):
        (folder / name).unlink()
    write(folder, {"shop/templates/a.html": "{% compress css %}{% endcompress %}"})
    adopt(folder, capsys)
    assert "python manage.py compress'" in dockerfile(folder)
    assert "COMPRESS_ENABLED = COMPRESS_OFFLINE = True\n" in settings(folder)


def test_files_are_compressed_in_the_build(folder, capsys):
    """django-compressor without a command before it starts is an error on each page."""
    lines = 'INSTALLED_APPS += ["django.contrib.staticfiles"]\nCOMPRESS_OFFLINE = True\n'
    base(folder, lines)
    adopt(folder, capsys)
    commands = "'python manage.py collectstatic --noinput && python manage.py compress'"
    assert f"RUN sh -c {commands}\n" in dockerfile(folder)


def test_member_of_a_workspace_is_installed(folder, capsys):
    """A lock above the project, whose root wants nothing itself."""
    lock = """
        version = 1
        [[package]]
        name = "all"
        version = "1"
        source = { virtual = "." }
        [[package]]
        name = "shop"
        version = "1"
        source = { editable = "api" }
        dependencies = [{ name = "django" }, { name = "gunicorn" }]
        [[package]]
        name = "django"
        version = "5.2.1"
        [[package]]
        name = "gunicorn"
        version = "23.0.0"
        """
    base(folder / "api")
    write(folder, {"uv.lock": lock, "pyproject.toml": '[project]\nname = "all"\n'})
    adopt(folder, capsys)
    text = dockerfile(folder)
    assert "uv sync --locked --no-dev --all-packages" in text
    assert "gunicorn==" not in text


def test_settings_that_nobody_names_are_found(tmp_path, capsys):
    """The only settings.py; and without one there is a line to change."""
    write(tmp_path, {"manage.py": "import django\n", **shapes.PLAIN})
    assert "No file names your settings" in adopt(tmp_path, capsys)
    other = tmp_path / "other"
    base(other, files={"manage.py": "import django\n"})
    assert "settings: shop.settings\n" in adopt(other, capsys)


def test_settings_that_only_a_variable_names(folder, capsys):
    """The image and the tests have it."""
    base(folder, files={"manage.py": "import django\n"})
    adopt(folder, capsys)
    job = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())["jobs"]["test"]
    assert job["env"] == {"DJANGO_SETTINGS_MODULE": "shop.settings"}


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        ("", ""),
        ('KEY = os.environ["SHOP_PAGE"]', "-e SHOP_PAGE=build "),
        ('DATABASES["default"] = {"HOST": os.environ["DB_HOST"]}', "--env-file YOURS "),
        ('DATABASES["default"] = {"ENGINE": "django.db.backends.postgresql"}', "--env-file YOURS "),
    ],
)
def test_command_that_tries_the_image_has_what_it_wants(folder, capsys, lines, options):
    """Variables without a default, or a file of one's own where a server is among them."""
    base(folder, f"import os\n{lines}\n")
    assert f"  docker run --rm -p 8080:80 {options}my-shop\n" in adopt(folder, capsys)


def test_settings_that_wsgi_forces_are_told(folder, capsys):
    """wsgi.py has no word about the settings in the image: Django's own application is served."""
    forced = """
        import os
        os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
        from django.core.wsgi import get_wsgi_application
        application = get_wsgi_application()
        """
    apps = 'INSTALLED_APPS.append("django.contrib.staticfiles")\n'
    base(folder, apps, {"shop/wsgi.py": forced})
    assert "wsgi.py sets DJANGO_SETTINGS_MODULE whatever" in adopt(folder, capsys)
    text = dockerfile(folder)
    assert '"django.core.wsgi:get_wsgi_application()"' in text
    assert "python -m django collectstatic" in text


POETRY = """
[tool.poetry.dependencies]
python = "^3.11"
django = "~5.2"
small = "^0.3"
exact = "1.2"
any = "*"
many = { version = ">=2", extras = ["a", "b"] }
"""


def test_poetrys_words_become_pips(folder, capsys):
    """Dependencies of Poetry's, without a lock."""
    base(folder, files={"pyproject.toml": POETRY})
    (folder / "requirements.txt").unlink()
    adopt(folder, capsys)
    line = "'django>=5.2,<5.3' 'small>=0.3,<0.4' exact==1.2 any 'many[a,b]>=2'"
    assert line in dockerfile(folder)


def test_extras_of_pyproject_that_settings_import(folder, capsys):
    """Without a lock: an extra and a group with what the settings import."""
    pyproject = """
        [project]
        name = "shop"
        dependencies = ["Django~=5.2.0"]
        [project.optional-dependencies]
        db = ["dj-database-url"]
        docs = ["sphinx"]
        [dependency-groups]
        env = ["django-environ"]
        """
    base(folder, BY_URL + "import environ\n", {"pyproject.toml": pyproject})
    (folder / "requirements.txt").unlink()
    adopt(folder, capsys)
    assert "-r pyproject.toml --extra db --group pyproject.toml:env" in dockerfile(folder)


def test_bundles_of_a_loader_are_built(folder, capsys):
    """django-webpack-loader and its kin read what only `npm run build` makes."""
    base(folder, 'INSTALLED_APPS.append("webpack_loader")\n')
    write(
        folder, {"package.json": '{"scripts": {"build": "webpack"}}', "a/package.json": "no json"}
    )
    adopt(folder, capsys)
    assert "RUN npm run build && rm -rf node_modules" in dockerfile(folder)


def test_project_without_a_server_of_its_own(folder, capsys):
    """Django's own application is served, and none of a copy of Django's or of a helper's."""
    helper = "def get_wsgi_application():\n    return None\n"
    base(folder, files={"vendored/core/wsgi.py": helper})
    assert "django.core.wsgi:get_wsgi_application()" in adopt(folder, capsys)


def test_asgi_application_is_served_by_uvicorn(folder, capsys):
    """Channels and ASGI_APPLICATION: gunicorn with the worker for it."""
    shapes.channels(folder)
    assert "shop.asgi:application (ASGI, by uvicorn)" in adopt(folder, capsys)
    text = dockerfile(folder)
    assert "WORKER_CLASS=uvicorn_worker.UvicornWorker" in text
    assert "uvicorn-worker==0.4.0" in text


def test_front_end_is_built(folder, capsys):
    """A folder of static files that `npm run build` makes is made in a stage of its own."""
    base(folder, 'STATICFILES_DIRS = [BASE_DIR / "frontend" / "dist"]\n')
    package = '{"scripts": {"build": "vite build"}, "engines": {"node": ">=22"}}'
    write(folder, {"frontend/package.json": package, "frontend/package-lock.json": "{}"})
    assert "built by Node.js 22" in adopt(folder, capsys)
    text = dockerfile(folder)
    assert "FROM public.ecr.aws/docker/library/node:22-trixie-slim AS frontend" in text
    assert "COPY frontend/package.json frontend/package-lock.json ./" in text
    assert "COPY --from=frontend /app ./" in text


@pytest.mark.parametrize(
    ("lines", "more", "place"),
    [
        (
            'STATICFILES_DIRS = [os.path.join(BASE_DIR, "web", "..", "public")]',
            {"assets/esbuild.config.mjs": 'outdir: "../public/js"'},
            "assets",
        ),
        ('INSTALLED_APPS += ["tailwind", "theme"]', {}, "theme/static_src"),
    ],
)
def test_front_end_that_fills_another_folder_is_built(folder, capsys, lines, more, place):
    """What its own files say, or django-tailwind's layout."""
    package = {f"{place}/package.json": '{"scripts": {"build": "run"}}'}
    base(folder, f"import os\n{lines}\n", more | package)
    assert f"front end: {place}/package.json" in adopt(folder, capsys)
    assert f"WORKDIR /app/{place}/\n" in dockerfile(folder)


def test_static_files_in_node_modules_are_installed(folder, capsys):
    """A finder that collects out of node_modules wants them in the build."""
    base(folder, 'STATICFILES_FINDERS = ["npm.finders.NpmFinder"]\n')
    write(folder, {"package.json": '{"dependencies": {"bootstrap": "5"}}'})
    adopt(folder, capsys)
    text = dockerfile(folder)
    assert "RUN npm install\n" in text
    assert "npm run build" not in text
    assert "rm -rf node_modules" not in text


def test_tools_of_a_front_end_build_nothing(folder, capsys):
    """A package.json whose result is in Git, or that only lints, wants no stage."""
    base(folder, files={"package.json": '{"scripts": {"build": "gulp"}}'})
    adopt(folder, capsys)
    assert "frontend" not in dockerfile(folder)


REQUIREMENTS = {"requirements.txt": "django\n"}


@pytest.mark.parametrize(
    ("below", "more", "line"),
    [
        ("", {}, "pip install django && python manage.py test"),
        ("", REQUIREMENTS, "pip install -r requirements.txt && python manage.py test"),
        (
            "backend",
            REQUIREMENTS | {"pyproject.toml": "[tool.pytest.ini_options]\n"},
            "pip install -r requirements.txt && cd backend && pytest",
        ),
        (
            "",
            {
                "requirements/production.txt": "django\n",
                "requirements/test.txt": "pytest\n",
                "setup.cfg": "[tool:pytest]\n",
            },
            "pip install -r requirements/production.txt -r requirements/test.txt && pytest",
        ),
        (
            "",
            REQUIREMENTS | {"requirements-dev.txt": "-r requirements.txt\n", "tox.ini": "[x]\n"},
            "pip install -r requirements-dev.txt && python manage.py test",
        ),
        (
            "",
            {"uv.lock": "", "pyproject.toml": "[project]\n"},
            "pip install uv && uv sync --locked && uv run --no-sync python manage.py test",
        ),
        (
            "",
            {"poetry.lock": "", "pyproject.toml": "", "pytest.ini": "[pytest]\n"},
            "pip install poetry && poetry install --no-root && poetry run pytest",
        ),
        (
            "api",
            {"Pipfile.lock": "{}", "Pipfile": ""},
            "pip install pipenv && pipenv sync --dev && cd api && pipenv run python manage.py test",
        ),
        (
            "",
            {"pyproject.toml": '[project]\ndependencies = ["django"]\n'},
            "pip install uv && uv pip install --system -r pyproject.toml && python manage.py test",
        ),
    ],
)
def test_line_of_the_tests_fits_the_project(tmp_path, capsys, below, more, line):
    """The packages come from the project's own file, and its own runner tests."""
    project(tmp_path / below)
    write(tmp_path, more)
    adopt(tmp_path, capsys)
    assert f"- run: {line}\n" in (tmp_path / ".github/workflows/ci.yml").read_text()


@pytest.mark.parametrize(
    ("into", "reason"),
    [
        ("", "INTO is missing"),
        ("/no/such/folder", "/no/such/folder is not a folder"),
        (str(ROOT / "manage.py"), "is not a folder"),
        (str(ROOT), "is this template itself"),
        (str(ROOT / "docs"), "is this template itself"),
        (str(ROOT.parent), "is this template itself"),
    ],
)
def test_wrong_folder_is_refused(into, reason, capsys):
    """What is no folder, or the template, is refused with the way to say it."""
    said = adopt(into, capsys, code=1)
    assert reason in said
    assert "make adopt INTO=../my-project" in said


def test_folder_without_django_is_refused(tmp_path, capsys):
    """A folder without a manage.py of Django gets nothing, and reads where was looked."""
    write(
        tmp_path, {"manage.py": "from flask import Flask\n", "a/b/c/manage.py": "import django\n"}
    )
    before = files(tmp_path)
    said = adopt(tmp_path, capsys, code=1)
    assert "there is no manage.py of Django" in said
    assert str(tmp_path) in said
    assert files(tmp_path) == before


def test_unwritable_folder_is_refused(folder, capsys, monkeypatch):
    """A folder of somebody else's is refused before anything is copied."""
    base(folder)
    monkeypatch.setattr("template.adopt.adopt.os.access", lambda path, mode: path != folder)
    before = files(folder)
    assert "cannot be written to" in adopt(folder, capsys, code=1)
    assert files(folder) == before


def test_failed_copy_is_told_and_goes_on_later(folder, capsys):
    """A file in the place of a folder stops the copying with its name; then it goes on."""
    base(folder, files={".github": "a file\n"})
    said = adopt(folder, capsys, code=1)
    assert "could not be written" in said
    (folder / ".github").unlink()
    assert "deploy/ (" in adopt(folder, capsys)


def test_file_that_appears_meanwhile_is_not_overwritten(folder):
    """A file that was not there a moment ago, and is now, stays as it is."""
    base(folder)
    before = files(folder)
    with pytest.raises(TemplateError, match=r"manage\.py could not be written: File exists"):
        write_file(folder / "manage.py", "")
    assert files(folder) == before


def test_command_line_asks_for_a_command(monkeypatch, capsys):
    """Without a command there is an explanation."""
    monkeypatch.setattr(sys, "argv", ["template"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("template", run_name="__main__")
    assert ended.value.code == 2
    assert "adopt" in capsys.readouterr().err
