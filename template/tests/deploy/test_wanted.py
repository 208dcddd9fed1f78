"""Doctor names the variables that the settings want and a stage lacks, where the code tells."""

import pytest

from deploy import checks
from deploy.wanted import wanted_variables

DOCKERFILE = """\
FROM python
ENV PATH=/venv/bin:$PATH \\
    PYTHONPATH=/app/src \\
    DJANGO_SETTINGS_MODULE=shop.settings
"""


@pytest.fixture
def project(tmp_path):
    """Writes the files of a project and returns its folder."""

    def write(**files):
        (tmp_path / "Dockerfile").write_text(DOCKERFILE)
        for name, text in files.items():
            file = tmp_path / "src" / "shop" / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    "line",
    [
        'A = os.environ["KEY"]',
        'A = environ["KEY"]',
        'A = env("KEY")',
        'A = env.str("KEY")',
        'A = env.str("KEY", validate=long)',
        'A = config("KEY", cast=int)',
        'A = {"a": [int(env.int("KEY"))]}',
        'sentry_sdk.init(dsn=env("KEY"))',
    ],
)
def test_required(project, line):
    """What is read without a default each time is wanted."""
    assert wanted_variables(project(settings=line)) == {"KEY"}


@pytest.mark.parametrize(
    "line",
    [
        'A = os.environ.get("KEY")',
        'A = os.getenv("KEY")',
        'A = env("KEY", "x")',
        'A = env.str("KEY", default=None)',
        'A = config("KEY", **options)',
        'A = env.str("KEY") if DEBUG else ""',
        'A = DEBUG or env("KEY")',
        'if DEBUG:\n    A = env("KEY")',
        'try:\n    A = os.environ["KEY"]\nexcept KeyError:\n    A = ""',
        'def key():\n    return env("KEY")',
        'env = Env(KEY=(str, "x"))\nA = env("KEY")',
        'os.environ.setdefault("KEY", "x")\nA = os.environ["KEY"]',
        'os.environ["KEY"] = "x"',
        'A = other("KEY")',
        'A = env("key")',
        "A = env(name)",
        "A = (",
        "A = '\0'",
    ],
)
def test_not_required(project, line):
    """What has a default, or is not read each time, is not called wanted; nor is broken code."""
    assert wanted_variables(project(settings=line)) == set()


def test_settings_in_several_files(project):
    """Modules of the project that are imported are read too, and others are not."""
    files = {
        "settings/__init__": "from .base import *\nfrom os import path",
        "settings/base": 'A = env("A")\nfrom ..mail import *\nfrom . import base',
        "mail": 'B = env("B")',
        "other": 'C = env("C")',
    }
    root = project(**files)
    assert wanted_variables(root) == {"A", "B"}


def test_project_without_a_dockerfile(tmp_path):
    """Where nothing tells which settings it is, nothing is wanted."""
    assert wanted_variables(tmp_path) == set()


def test_the_sample_wants_what_a_stage_gives():
    """The template's own settings want nothing that a new stage lacks."""
    assert wanted_variables() == set()


@pytest.fixture
def wanting(healthy, project, monkeypatch):
    """A desk whose settings want what a stage, the image and a person give."""
    names = ("SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "STRIPE_KEY", "SENTRY_DSN")
    root = project(settings="\n".join(f'{name} = os.environ["{name}"]' for name in names))
    monkeypatch.setattr(checks, "wanted_variables", lambda: wanted_variables(root))
    return healthy


def test_doctor_names_what_is_missing(wanting):
    """What only a person can give is missing until it is set."""
    wanting.operate("config", "staging", "SENTRY_DSN=x")
    outcome = wanting.run("doctor")
    assert outcome.code == 1
    what = "missing  staging has no variable STRIPE_KEY, which the settings want\n"
    assert f"{what}           mend: python3 -m deploy config staging STRIPE_KEY\n" in outcome.out
    assert "production has no variable SENTRY_DSN" in outcome.out
    assert outcome.out.count("which the settings want") == 3
    for stage in ("staging", "production"):
        assert wanting.operate("config", stage, "STRIPE_KEY=x", "SENTRY_DSN=x").code == 0
    assert wanting.run("doctor").code == 0


def test_doctor_sees_a_broken_secret(wanting):
    """Variables that are no JSON object are called wrong, with what mends them."""
    wanting.operate("config", "staging")
    (secret,) = wanting.cloud.secrets.values()
    secret.versions["first"]["SecretString"] = "x"
    outcome = wanting.run("doctor")
    assert "wrong    variables of staging: The stage's variables are no JSON object" in outcome.out


def test_doctor_may_not_read_the_secret(wanting):
    """Who may not read variables is told so, and nothing is called missing for it."""
    wanting.cloud.denied = {"secretsmanager:GetSecretValue"}
    outcome = wanting.run("doctor")
    assert outcome.code == 0
    assert "unseen   variables of staging: AWS does not allow secretsmanager:Get" in outcome.out


def test_doctor_reads_no_secret_without_need(healthy):
    """Where the settings want nothing more, the secret is not read."""
    healthy.run("doctor")
    assert not [call for call in healthy.desk.calls if "get-secret-value" in call.words]
