"""Settings that want variables get placeholders for the build, or the build says which."""

import sys

import pytest

from docker_image import build

FRAME = 'Traceback (most recent call last):\n  File "/app/shop/settings.py", line 3, in <module>\n'


def traceback(said, code="BASE_DIR = read()"):
    """A traceback as Python prints it."""
    return f"{FRAME}    {code}\n        ~~~~^^^^\n{said}\n"


@pytest.fixture
def complaints(monkeypatch):
    """What the project complains of, one after the other, and the variables that it was given."""
    waiting, given = [], []

    def play(places, variables):
        given.append(dict(variables))
        return waiting.pop(0) if waiting else ""

    monkeypatch.setattr(build, "prepare", play)
    monkeypatch.setenv("BUILD_VARIABLES", "SECRET_KEY=k URL=a=b")
    return waiting, given


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("KeyError: 'SHOP_KEY'", "SHOP_KEY"),
        ("environ.ImproperlyConfigured: Set the SHOP_KEY environment variable", "SHOP_KEY"),
        ("decouple.UndefinedValueError: SHOP_KEY not found. Declare it as envvar or", "SHOP_KEY"),
        ('environs.EnvError: Environment variable "SHOP_KEY" not set', "SHOP_KEY"),
        ("pydantic.ValidationError: 1 validation error\nshop_key\n  Field required", "SHOP_KEY"),
    ],
)
def test_missing_variable_gets_a_placeholder(complaints, capsys, said, name):
    """However a library says it, the variable is given a value and the build goes on."""
    waiting, given = complaints
    waiting.append(traceback(said))
    build.main("/app", "/collected")
    assert given == [
        {"SECRET_KEY": "k", "URL": "a=b"},
        {"SECRET_KEY": "k", "URL": "a=b", name: "placeholder"},
    ]
    assert f"variables: {name} had placeholders" in capsys.readouterr().out


def test_settings_that_want_nothing_get_nothing(complaints, capsys):
    """Settings that can be loaded are loaded once, with the variables of the Dockerfile."""
    build.main("/app", "/collected")
    assert complaints[1] == [{"SECRET_KEY": "k", "URL": "a=b"}]
    assert "placeholders" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:////tmp/placeholder.sqlite3"),
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("SENTRY_DSN", "https://placeholder@localhost/1"),
        ("SMTP_PORT", "1"),
        ("ALLOWED_HOSTS", "localhost"),
        ("ADMIN_EMAIL", "placeholder@localhost"),
        ("STRIPE_KEY", "placeholder"),
    ],
)
def test_placeholder_is_of_the_kind_that_the_name_tells(name, value):
    """An address is given for an address, a number for a number."""
    assert build.placeholder(name) == value


def test_placeholder_that_does_not_fit_becomes_a_number(complaints):
    """A value that was to be a number or a switch is one the second time."""
    waiting, given = complaints
    waiting.append(traceback("KeyError: 'PAGES'"))
    waiting.append(traceback("ValueError: invalid literal for int(): 'placeholder'"))
    build.main("/app", "/collected")
    assert [variables.get("PAGES") for variables in given] == [None, "placeholder", "1"]


@pytest.mark.parametrize(
    "said", ["KeyError: 'SECRET_KEY'", "ModuleNotFoundError: No module named 'debug_toolbar'"]
)
def test_other_failures_end_the_build(complaints, capsys, said):
    """Where no placeholder helps the build shows the reason and names the lines to set."""
    complaints[0].append(traceback(said))
    with pytest.raises(SystemExit) as ended:
        build.main("/app", "/collected")
    advice = str(ended.value)
    assert said in advice
    assert FRAME in capsys.readouterr().out
    for line in ("BUILD_VARIABLES", "SETTINGS", "REQUIREMENTS"):
        assert f"ARG {line}=" in advice


def test_endless_demands_end_the_build(complaints):
    """Settings that want ever more variables are given up in the end."""
    complaints[0].extend(traceback(f"KeyError: 'NUMBER_{count}'") for count in range(99))
    with pytest.raises(SystemExit, match="NUMBER_50"):
        build.main("/app", "/collected")


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("print('ready')", ""),
        ("raise KeyError('NAME')", "KeyError: 'NAME'"),
        ("raise SystemExit(3)", "It ended with exit code 3 and said nothing."),
    ],
)
def test_project_is_prepared_in_a_process_of_its_own(monkeypatch, tmp_path, code, complaint):
    """What it prints is passed on, and what it complains of comes back."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport os\nassert os.environ['KEY']\n{code}\n")
    program.chmod(0o755)
    monkeypatch.setattr(build.sys, "executable", str(program))
    said = build.prepare(("/app", "/collected"), {"KEY": "value"})
    assert complaint in said
    assert bool(said) == bool(complaint)
