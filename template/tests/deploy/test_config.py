"""`config`: a stage's variables and secrets, none of whose values is ever seen."""

import contextlib
import json
import os
import re
import sys

import psutil
import pytest

from deploy import config, start
from deploy.parameters import TEMPLATES
from deploy.secret import CHANGES, LARGEST
from template.tests.deploy.cloud import tell
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.terminal import running

STAGING = "shop-staging"
DSN = "https://key@o1.ingest.sentry.io/2"
CANARY = "c4n4ry-0f-n0-0ne"


def values(secret):
    """Return the variables as the containers get them, without the dates."""
    text = secret.versions[secret.labels["AWSCURRENT"]]["SecretString"]
    return {name: value for name, value in json.loads(text).items() if name != CHANGES}


@pytest.fixture
def stage(healthy, secret):
    """The desk of somebody who operates a stage, which has one variable."""
    healthy.secret = secret
    healthy.cloud.deployed_at = 4_000_000_000  # in 2096
    assert healthy.operate("config", "staging", f"SENTRY_DSN={DSN}").code == 0
    return healthy


def test_set(stage):
    """What is set is said by its name, and what comes next."""
    outcome = stage.operate("config", "staging", "A=b", "SENTRY_DSN=x", "C= d=e ")
    assert outcome.code == 0
    assert values(stage.secret) == {"A": "b", "C": " d=e ", "SENTRY_DSN": "x"}
    assert "  set        A of staging\n  set        C of staging\n" in outcome.out
    assert "  changed    SENTRY_DSN of staging\n" in outcome.out
    assert "what runs has to be released again" in outcome.out
    assert "`gh workflow run stage.yml --field stage=staging --field image=staging`" in outcome.out


def test_every_member_is_a_text(stage):
    """The containers' entry point takes strings only, and none of them needs more than ASCII."""
    stage.operate("config", "staging", "A=grün")
    text = stage.secret.versions[stage.secret.labels["AWSCURRENT"]]["SecretString"]
    assert text.isascii()
    assert {type(value) for value in json.loads(text).values()} == {str}


def test_list(stage):
    """The list has names, and when each was changed."""
    first = stage.operate("config", "staging").out
    assert re.fullmatch(r"SENTRY_DSN  \d{4}-\d\d-\d\d \d\d:\d\d UTC\n", first)
    stage.operate("config", "staging", "API_KEY=x")
    lines = stage.operate("config", "staging").out.splitlines()
    assert [line.split()[0] for line in lines] == ["API_KEY", "SENTRY_DSN"]
    assert stage.desk.changes() == []


def test_dates_are_those_of_the_values(stage):
    """A date is that of the last other value; to set the same again changes nothing."""
    version = stage.secret.labels["AWSCURRENT"]
    old = {"SENTRY_DSN": "2026-01-02T03:04:05+00:00"}
    notes = json.dumps({"version": version, "changed": old})
    text = json.dumps({"SENTRY_DSN": DSN, CHANGES: notes})
    stage.secret.versions[version] = {"SecretString": text}
    outcome = stage.operate("config", "staging", f"SENTRY_DSN={DSN}")
    assert "Nothing changed: SENTRY_DSN of staging had that value already." in outcome.out
    assert stage.desk.changes() == []
    stage.operate("config", "staging", "A=b")
    assert "SENTRY_DSN  2026-01-02 03:04 UTC" in stage.operate("config", "staging").out
    stage.operate("config", "staging", "SENTRY_DSN=x")
    assert "2026-01-02" not in stage.operate("config", "staging").out


def test_not_released_yet(stage):
    """What was changed after the last deployment is marked."""
    assert "not released yet" not in stage.operate("config", "staging").out
    stage.cloud.deployed_at = 1_000_000_000  # in 2001
    assert "UTC, not released yet\n" in stage.operate("config", "staging").out


def test_no_variables(healthy, secret):
    """Without any there is the command that sets the first."""
    out = healthy.operate("config", "staging").out
    assert out == (
        "staging has no variables. To set one: `python3 -m deploy config staging NAME`.\n"
    )


def test_unset(stage):
    """What is removed is gone, other names stay; words may stand behind options."""
    stage.operate("config", "staging", "A=b", "C=d")
    outcome = stage.operate("config", "staging", "--unset", "A", "E=f", "--unset", "C")
    assert "  removed    A of staging\n  removed    C of staging\n" in outcome.out
    assert values(stage.secret) == {"SENTRY_DSN": DSN, "E": "f"}


def test_unset_beside_standard_input(stage):
    """The hyphen of standard input may stand behind options, too."""
    outcome = stage.operate("config", "staging", "--unset", "SENTRY_DSN", "-", typing="A=b")
    assert outcome.code == 0
    assert values(stage.secret) == {"A": "b"}


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--unset", "NONE", "A=b"), ["staging has no variable NONE.", "config staging`"]),
        (("--unset", "A", "A=b"), ["A is to be set and removed."]),
        (("A=b", "A=c"), ["A is given twice."]),
        (("--file", "none.env"), ["none.env cannot be read: No such file or directory."]),
        (("--file", "."), [". cannot be read: Is a directory."]),
        (("a-b=c",), ["The name of variable 1 cannot be"]),
        (("A=b", "1A=c"), ["The name of variable 2 cannot be"]),
        (("=c",), ["The name of variable 1 cannot be"]),
        (("A" * 256 + "=c",), ["255 at most"]),
        (("A=\udc80",), ["The value of A has a NUL or is no UTF-8"]),
    ],
)
def test_what_cannot_be(stage, words, parts):
    """What cannot be is refused, and nothing of the rest is done."""
    before = values(stage.secret)
    assert_refused(stage, stage.operate("config", "staging", *words), *parts)
    assert values(stage.secret) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("PGHOST", "the stage's database decides"),
        ("PGPASSWORD", "the stage's database decides"),
        ("PGSSLMODE", "the stage's database decides"),
        ("PGSERVICEFILE", "the stage's database decides"),
        ("DATABASE_URL", "the stage's database decides"),
        ("DATABASE_URL_FILE", "the stage's database decides"),
        ("SECRET_KEY", "docs/operations.md, Secrets"),
        ("SECRET_KEY_FILE", "docs/operations.md, Secrets"),
        ("ALLOWED_HOSTS", "`domain` in stages.toml decides"),
        ("HTTPS", "`domain` in stages.toml decides"),
        ("TMPDIR", "deploy/infra/stage.yml sets it"),
        ("STAGE_CONFIG", "what all of these are kept in"),
        (CHANGES, "what all of these are kept in"),
        ("AWS_ACCESS_KEY_ID", "the task role's"),
        ("AWS_SECRET_ACCESS_KEY", "the task role's"),
        ("AWS_SESSION_TOKEN", "the task role's"),
        ("AWS_PROFILE", "the task role's"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "the task role's"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "the task role's"),
        ("AWS_REGION", "ECS sets it"),
        ("ECS_CONTAINER_METADATA_URI_V4", "ECS sets it"),
        ("LD_PRELOAD", "which code runs"),
        ("PYTHONPATH", "which code runs"),
        ("PYTHONHOME", "which code runs"),
        ("BASH_ENV", "which code runs"),
        ("PATH", "the container has it already"),
        ("HOME", "the container has it already"),
        ("STATIC_ROOT", "the Dockerfile sets it"),
        ("DJANGO_SETTINGS_MODULE", "the Dockerfile sets it"),
        ("COMMIT_SHA", "the Dockerfile sets it"),
    ],
)
def test_names_that_are_decided_elsewhere(stage, name, reason):
    """A name that the stage, the image or ECS decides is refused with where that is."""
    outcome = stage.operate("config", "staging", "A=b", f"{name}={CANARY}")
    assert_refused(stage, outcome, f"  {name}: ", reason, "Nothing was changed.")
    assert CANARY not in outcome.err


def test_everything_that_the_template_sets_is_refused(stage):
    """No name of the container's in stage.yml can be set: it would have no effect."""
    told = stage.cloud.ecs_describe_task_definition({"--task-definition": [STAGING]})
    (container,) = told["taskDefinition"]["containerDefinitions"]
    names = [one["name"] for one in [*container["environment"], *container["secrets"]]]
    assert len(names) > 8
    for name in names:
        assert stage.operate("config", "staging", f"{name}=x").code == 1, name


@pytest.mark.parametrize(
    "name",
    [
        *("DEBUG", "EMAIL_URL", "CACHE_URL", "AWS_STORAGE_BUCKET_NAME", "AWS_S3_CUSTOM_DOMAIN"),
        *("ENV", "PGOPTIONS", "PGAPPNAME", "http_proxy", "DJANGO_SUPERUSER_PASSWORD", "_X"),
        *("WEB_CONCURRENCY", "LOG_LEVEL", "PATHS", "PYTHONHASHSEED", "SECRET_KEY_FALLBACKS"),
    ],
)
def test_names_that_can_be_set(stage, name):
    """Names that are close to those, or that the stage has no switch on for, can be set."""
    assert stage.operate("config", "staging", f"{name}=x").code == 0
    assert values(stage.secret)[name] == "x"


def test_nothing_as_a_value(stage):
    """A value may be nothing, which is something else than no variable, and is said."""
    outcome = stage.operate("config", "staging", "SENTRY_DSN=")
    assert "  changed    SENTRY_DSN of staging, to nothing\n" in outcome.out
    assert values(stage.secret) == {"SENTRY_DSN": ""}


@pytest.mark.parametrize("words", [["-"], ["--file", "-"]])
@pytest.mark.parametrize("text", ["A=b\nC='d e' # f\n", '{"A": "b", "C": "d e"}'])
def test_standard_input(stage, words, text):
    """Standard input takes many, as lines or as a JSON object."""
    outcome = stage.operate("config", "staging", *words, typing=text)
    assert outcome.code == 0
    assert values(stage.secret) == {"SENTRY_DSN": DSN, "A": "b", "C": "d e"}


def test_file(stage, tmp_path):
    """A file takes many, beside words."""
    file = tmp_path / "production.env"
    file.write_text("# of production\nA=b\nexport C=ü\n", encoding="utf-8")
    assert stage.operate("config", "staging", "E=f", "--file", str(file)).code == 0
    assert values(stage.secret) == {"SENTRY_DSN": DSN, "A": "b", "C": "ü", "E": "f"}


def test_file_that_is_no_text(stage, tmp_path):
    """A file of bytes is refused."""
    file = tmp_path / "x.env"
    file.write_bytes(b"A=\xff")
    outcome = stage.operate("config", "staging", "--file", str(file))
    assert_refused(stage, outcome, "x.env cannot be read: it is no UTF-8.")


def test_value_in_a_pipe(stage):
    """A name alone takes its value from a pipe, as a password manager gives it."""
    stage.operate("config", "staging", "KEY", typing="-----BEGIN\nMIIE\n-----END\n")
    assert values(stage.secret)["KEY"] == "-----BEGIN\nMIIE\n-----END"


@pytest.mark.parametrize("words", [["-"], ["--file", "-"], ["KEY"]])
def test_standard_input_that_is_no_text(stage, words):
    """Bytes from a pipe are refused, wherever they would go."""
    outcome = stage.operate("config", "staging", *words, typing=b"A=\xff")
    assert_refused(stage, outcome, "Standard input cannot be read: it is no UTF-8.")


@pytest.mark.parametrize("word", ["abc123", "s3cr3t!", "a b", "Sentry"])
def test_word_that_may_be_a_value(stage, word):
    """A value in the place of a name is refused, and not repeated."""
    outcome = stage.operate("config", "staging", "SENTRY_DSN=x", word)
    assert_refused(stage, outcome, "A word is neither NAME=value nor a NAME in capitals")
    assert word not in outcome.err


@contextlib.contextmanager
def asked_for(stage, name):
    """`config` at a terminal, which asks for a variable's value: its process, and the terminal."""
    words = [sys.executable, "-m", "deploy", "config", "staging", name]
    environment = {"PATH": str(stage.programs), "GH_REPO": "acme/shop"}
    environment["PYTHONPATH"] = str(TEMPLATES.parents[1])
    with running(words, **environment) as (program, terminal):
        terminal.wait_for(f"Value of {name}, which is not shown: ")
        yield program, terminal


def test_value_is_typed_unseen(stage):
    """At a terminal the value is asked for, and does not appear there."""
    with asked_for(stage, "SENTRY_DSN") as (program, terminal):
        terminal.type(f"{CANARY}\n")
        terminal.wait_for("Replace the containers of staging now? [y/N]")
        terminal.type("n\n")
        assert program.wait(20) == 0
    assert values(stage.secret) == {"SENTRY_DSN": CANARY}
    assert CANARY not in terminal.printed


def test_ctrl_d_in_place_of_a_value(stage):
    """Ctrl-D at the question sets nothing."""
    with asked_for(stage, "KEY") as (program, terminal):
        terminal.type("\x04")
        terminal.wait_for("KEY got no value.")
        assert program.wait(20) == 1
    assert "Traceback" not in terminal.printed
    assert "KEY" not in values(stage.secret)


@pytest.mark.parametrize("names", [["KEY"], ["OTHER", "KEY"]])
def test_nothing_in_a_pipe(stage, names):
    """A pipe that is empty, or that another name has emptied, sets nothing."""
    outcome = stage.operate("config", "staging", *names, typing="x" if names[1:] else "")
    assert_refused(stage, outcome, "KEY got no value.")


def test_nothing_is_typed(stage, monkeypatch):
    """An empty answer is taken for a mistake."""
    monkeypatch.setattr(config.getpass, "getpass", lambda _: "")
    outcome = stage.operate_at_terminal("config", "staging", "KEY")
    assert_refused(stage, outcome, "KEY got no value.", "KEY= as a word")


def test_size(stage):
    """What a secret cannot hold is refused before AWS is asked."""
    outcome = stage.operate("config", "staging", "-", typing=f"A={'x' * LARGEST}")
    assert_refused(stage, outcome, "a secret holds 65,536")
    room = LARGEST - 600
    assert stage.operate("config", "staging", "-", typing=f"A={'x' * room}").code == 0
    assert_refused(stage, stage.operate("config", "staging", f"B={'x' * 400}"), "bytes")


# ---- Somebody else ----


@pytest.mark.parametrize("moment", ["put-secret-value", "update-secret-version-stage"])
def test_change_by_somebody_else_meanwhile(stage, moment):
    """Who writes second is refused, and loses nothing of who was first."""

    def before(words):
        if words[2:3] == (moment,):
            stage.secret.versions["other"] = {"SecretString": '{"OTHER": "x"}'}
            stage.secret.labels["AWSCURRENT"] = "other"

    stage.desk.before = before
    outcome = stage.operate("config", "staging", "A=b")
    assert outcome.code == 1
    assert "Nothing was changed: somebody else has changed variables" in outcome.err
    assert values(stage.secret) == {"OTHER": "x"}
    stage.desk.before = lambda words: None
    assert stage.operate("config", "staging", "A=b").code == 0
    assert values(stage.secret) == {"OTHER": "x", "A": "b"}


def test_answer_that_is_lost(stage):
    """Where the change was made and only its answer was lost, it is not called refused."""
    move = stage.cloud.secretsmanager_update_secret_version_stage

    def move_twice(options):
        move(options)
        return move(options)

    move_twice.takes_options = True
    stage.cloud.secretsmanager_update_secret_version_stage = move_twice
    assert stage.operate("config", "staging", "A=b").code == 0
    assert values(stage.secret)["A"] == "b"


@pytest.mark.parametrize("action", ["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"])
def test_missing_permission(stage, action):
    """Who may not read or write the secret reads which permission is missing."""
    stage.cloud.denied = {f"secretsmanager:{action}"}
    before = values(stage.secret)
    outcome = stage.operate("config", "staging", f"A={CANARY}")
    assert outcome.code == 1
    assert f"AWS does not allow secretsmanager:{action} to" in outcome.err
    assert values(stage.secret) == before
    assert CANARY not in outcome.err


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "{", '{"A": 1}', '{"A": null}', '"x"', '{"A": {"B": "c"}}', None]
)
def test_secret_that_was_broken_by_hand(stage, text):
    """A secret that no container could start with is not written over; the way out is told."""
    version = stage.secret.labels["AWSCURRENT"]
    stage.secret.versions[version] = {"SecretString": text} if text is not None else {}
    outcome = stage.operate("config", "staging", "A=b")
    assert_refused(stage, outcome, "no JSON object whose members are strings", "begin anew")


@pytest.mark.parametrize("notes", ["", "x", "[]", '{"version": 1}', '{"changed": {}}'])
def test_secret_that_was_changed_by_hand(stage, notes):
    """What somebody changed in the console is told, and kept."""
    members = {"A": "b"} | ({CHANGES: notes} if notes else {})
    stage.secret.versions["other"] = {"SecretString": json.dumps(members)}
    stage.secret.labels["AWSCURRENT"] = "other"
    out = stage.operate("config", "staging").out
    assert out.startswith("A  by other means\n")
    assert "Somebody changed the secret by other means, the last time at 2026-11-26 08:00" in out
    stage.operate("config", "staging", "C=d")
    assert values(stage.secret) == {"A": "b", "C": "d"}
    assert "Somebody" not in stage.operate("config", "staging").out


@pytest.mark.parametrize("missing", ["output", "variable"])
def test_stage_from_before(healthy, secret, missing):
    """A stage that was set up before there were variables is sent to setup."""
    if missing == "output":
        del healthy.cloud.formation.stacks[f"{STAGING}-roles"]["outputs"]["ConfigSecretArn"]
    healthy.cloud.takes_variables = False
    outcome = healthy.operate("config", "staging", "A=b")
    assert_refused(healthy, outcome, "staging has no place for variables", "`make setup STAGES=")


# ---- The release ----


def deployments(workplace):
    """Return the services that were deployed anew."""
    return [name for _, name in workplace.cloud.deployments]


def test_release_at_once(stage):
    """With YES=1 all services get new containers, which are followed."""
    stage.write_stages('[staging.processes]\nworker = "celery worker"')
    assert stage.run("setup").code == 0
    outcome = stage.operate("config", "staging", "A=b", YES="1")
    assert outcome.code == 0
    assert deployments(stage) == ["web", "worker"]
    assert "web: 0 of 1 new containers run" in outcome.out
    assert "Replaced: the containers of web, worker." in outcome.out


@pytest.mark.parametrize(("typed", "services"), [("y\n", ["web"]), ("n\n", []), ("\n", [])])
def test_release_after_a_question(stage, typed, services):
    """At a terminal it is offered, and done where the person agrees."""
    outcome = stage.operate_at_terminal("config", "staging", "A=b", typing=typed)
    assert outcome.code == 0
    assert deployments(stage) == services
    assert ("Next: `gh workflow run" in outcome.out) is not bool(services)


def test_release_of_a_parked_stage(stage):
    """Where nothing runs there is nothing to replace."""
    stage.cloud.formation.services[STAGING]["desired"] = 0
    outcome = stage.operate("config", "staging", "A=b", YES="1")
    assert outcome.code == 0
    assert "Nothing runs" in outcome.out
    assert deployments(stage) == []


def test_release_that_goes_back(stage):
    """Where the new containers do not start, it says why, and that the variables stay."""
    stage.cloud.goes_back = (
        "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."
    )
    stage.cloud.stops[STAGING] = {"log": ["ImproperlyConfigured: SENTRY_DSN"]}
    stage.cloud.formation.services[STAGING]["stopped"] = [
        {
            "taskArn": f"{STAGING}/task0",
            "stoppedReason": "Essential container in task exited",
            "containers": [
                {"name": "aws-guardduty-agent-x1y2z", "exitCode": 137},
                {"name": "web", "exitCode": 1},
            ],
        }
    ]
    outcome = stage.operate("config", "staging", "SENTRY_DSN=x", YES="1")
    assert outcome.code == 1
    for part in [
        "The deployment of web was rolled back: ECS deployment circuit breaker",
        "The variables stay as you set them.",
        "task0: Essential container in task exited; exit code 1",
        "ImproperlyConfigured: SENTRY_DSN",
        "Done before it stopped: SENTRY_DSN of staging.",
        "gh workflow run stage.yml --field stage=staging --field image=staging",
    ]:
        assert part in outcome.err


def test_release_that_went_back_between_two_looks(stage):
    """Where ECS has gone back so soon that nobody saw it, its event tells."""
    stage.cloud.goes_back = "ECS deployment ecs-svc/back completed."
    failed = "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start."
    tell(stage.cloud.formation.services[STAGING], failed)
    outcome = stage.operate("config", "staging", "SENTRY_DSN=x", YES="1")
    assert outcome.code == 1
    assert f"The deployment of web was rolled back: {failed}" in outcome.err


def test_release_that_does_not_end(stage, monkeypatch):
    """After half an hour nobody waits any more."""
    monkeypatch.setattr(start, "WAIT_SECONDS", -1)
    outcome = stage.operate("config", "staging", "A=b", YES="1")
    assert outcome.code == 1
    assert "The deployment of web is not over after half an hour." in outcome.err


# ---- Where a value is looked for ----


def give_word(stage, _):
    """Set it by a word."""
    return stage.operate("config", "staging", f"A={CANARY}")


def give_stdin(stage, _):
    """Set it by standard input."""
    return stage.operate("config", "staging", "-", typing=f"A={CANARY}")


def give_file(stage, folder):
    """Set it by a file."""
    (folder / "a.env").write_text(f'{{"A": "{CANARY}"}}')
    return stage.operate("config", "staging", "--file", str(folder / "a.env"))


def give_pipe(stage, _):
    """Set it by its name, and a pipe."""
    return stage.operate("config", "staging", "A", typing=CANARY)


@pytest.mark.parametrize("give", [give_word, give_stdin, give_file, give_pipe])
def test_value_is_nowhere(stage, tmp_path, give):
    """A value is in the secret, and in nothing that is printed, called, kept or passed on."""
    seen = []

    def before(words):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                seen.append(repr(process.cmdline()) + repr(process.environ()))
        seen.append(repr(words) + repr(dict(os.environ)))

    stage.desk.before = before
    outcomes = [
        give(stage, tmp_path),
        stage.operate("config", "staging"),
        stage.operate("config", "staging", "B=c", YES="1"),
        stage.operate("status", "staging"),
        stage.run("doctor"),
        stage.operate("config", "staging", f"PGHOST={CANARY}"),
        stage.operate("config", "staging", f"A {CANARY}"),
        stage.operate("config", "staging", CANARY),
        stage.operate("config", "staging", "-", typing=f"A '{CANARY}"),
        stage.operate("config", "staging", "--file", str(tmp_path)),
    ]
    assert values(stage.secret)["A"] == CANARY
    assert len(seen) > 100
    stage.secret.versions.clear()
    kept = repr(vars(stage.cloud)) + repr(vars(stage.cloud.formation)) + repr(vars(stage.hub))
    for text in [*map(repr, outcomes), *seen, kept]:
        assert CANARY not in text
