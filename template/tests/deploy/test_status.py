"""`status`: what runs, which commit, since when, how healthy."""

import re

import pytest

from template.tests.deploy.cloud import Cloud
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.test_commands import ended

STAGING = "shop-staging"
DIGEST = f"sha256:{'ab' * 32}"
COMMIT = "1f" * 20


@pytest.fixture
def stage(healthy):
    """A stage whose image tells its commit."""
    healthy.cloud.commits[DIGEST] = ["staging", COMMIT]
    return healthy


def test_everything_is_well(stage):
    """A stage that is well is described in doctor's words, with commit, time, health and events."""
    outcome = stage.operate("status", "staging")
    assert outcome.code == 0
    lines = outcome.out.strip().splitlines()
    assert lines[0] == "staging: http://shop-staging.eu-central-1.elb.amazonaws.com"
    assert lines[1] == f"  ok       staging runs 1 of 1 containers of {DIGEST}"
    assert lines[2] == (
        f"           commit {COMMIT}, deployed 2026-11-26 08:00 UTC, 1 of 1 healthy"
    )
    assert "(service web) has reached a steady state." in lines[3]
    assert stage.run("doctor").out.count(f"staging runs 1 of 1 containers of {DIGEST}") == 1


def shown(outcome):
    """Return the stages that were shown, in order."""
    return re.findall(r"^(\w+)(?::.*)?$", outcome.out, re.MULTILINE)


def test_all_stages(stage):
    """Without a name the stages that AWS has are shown, or those that were chosen."""
    assert shown(stage.operate("status")) == ["staging", "production"]
    assert shown(stage.operate("status", PROJECT="shop")) == ["staging", "production"]
    assert shown(stage.operate("status", STAGES="staging")) == ["staging"]
    assert stage.run("setup", STAGES="dev staging production").code == 0
    assert shown(stage.operate("status")) == ["dev", "staging", "production"]
    assert shown(stage.operate("status", "production", "dev")) == ["production", "dev"]


def test_stages_that_are_not_there(stage):
    """One that nobody has, or that is in an account of its own, is missing."""
    outcome = stage.operate("status", GH_REPO="acme/other")
    assert shown(outcome) == ["staging", "production"]
    assert outcome.out.count("missing  There is no stack other-") == 2
    stage.cloud.profiles["apart"] = Cloud()
    outcome = stage.operate("status", LIVE_PROFILE="apart")
    assert shown(outcome) == ["live", "staging", "production"]
    assert "There is no stack shop-live in eu-central-1 with the profile apart." in outcome.out


def test_unknown_commit(healthy):
    """Without a tag that is a commit there is the digest."""
    outcome = healthy.operate("status", "staging")
    assert DIGEST in outcome.out
    assert "commit" not in outcome.out


@pytest.mark.parametrize(
    ("running", "what"),
    [
        ({"desiredCount": 2, "runningCount": 1}, "wrong    staging runs 1 of 2 containers"),
        ({"desiredCount": 0, "runningCount": 0}, "missing  staging has an image but wants 0"),
        ({"digest": "sha256:x"}, f"wrong    staging runs sha256:x, its tag names {DIGEST}"),
    ],
)
def test_service_that_is_not_well(stage, running, what):
    """What is wrong is said in doctor's words, with the exit code 1."""
    stage.cloud.running[STAGING] = running
    outcome = stage.operate("status", "staging")
    assert outcome.code == 1
    assert what in outcome.out
    assert what in stage.run("doctor").out


def test_container_that_is_being_started(stage):
    """A container more, whose image is still being pulled, is no fault, and no other image."""
    stage.cloud.running[STAGING] = {"desiredCount": 2, "runningCount": 2}
    stage.cloud.pulling = 1
    outcome = stage.operate("status", "staging")
    assert outcome.code == 0
    assert f"staging runs 2 of 2 containers of {DIGEST}" in outcome.out
    assert f"commit {COMMIT}, " in outcome.out


def test_more_containers_than_ecs_describes_at_once(stage):
    """ECS describes a hundred tasks at once, and a service may have more."""
    stage.cloud.running[STAGING] = {"desiredCount": 150, "runningCount": 150}
    outcome = stage.operate("status", "staging")
    assert f"ok       staging runs 150 of 150 containers of {DIGEST}" in outcome.out


def test_older_deployment_that_is_told_first(stage):
    """What counts is the primary deployment, wherever it stands in ECS's answer."""
    (primary,) = stage.cloud.tell(STAGING, "web", 1)
    older = primary | {"id": "ecs-svc/0", "status": "ACTIVE", "createdAt": 1_000_000_000}
    stage.cloud.running[STAGING] = {"deployments": [older, primary]}
    outcome = stage.operate("status", "staging")
    assert "deployed 2026-11-26 08:00 UTC" in outcome.out


def test_containers_that_are_not_healthy(stage):
    """What the load balancer finds is told with its reasons."""
    stage.cloud.targets = ["healthy", "unhealthy", "draining"]
    outcome = stage.operate("status", "staging")
    assert "1 of 3 healthy, It is draining., It is unhealthy." in outcome.out


def test_deployment_in_progress(stage):
    """While a deployment is going on, that two images run is no fault."""
    stage.cloud.deployments[STAGING, "web"] = [{"id": "ecs-svc/2", "looks": 0}]
    stage.cloud.running[STAGING] = {"digest": "sha256:older"}
    outcome = stage.operate("status", "staging")
    assert outcome.code == 0
    assert "note     staging is being deployed: 1 of 1 containers run" in outcome.out


COMMANDS = """
[staging.processes]
beat = "celery beat"
worker = "celery worker"

[staging.schedules]
clean = { command = "true", cron = "0 3 * * ? *" }
report = { command = "true", cron = "0 4 * * ? *" }
"""


@pytest.fixture
def commands(stage):
    """A stage with processes and schedules."""
    stage.write_stages(COMMANDS)
    assert stage.run("setup").code == 0
    return stage


def test_processes(commands):
    """Further services have their lines, after the web server's, without a load balancer."""
    outcome = commands.operate("status", "staging")
    good = [line for line in outcome.out.splitlines() if line.startswith("  ok")]
    assert [line.split(" runs ")[0].split("  ")[-1].strip() for line in good] == [
        "staging",
        "beat of staging",
        "worker of staging",
    ]
    assert outcome.out.count("healthy") == 1


def test_schedules(commands):
    """A schedule is shown with how its last run ended, in doctor's words."""
    commands.cloud.runs[f"{STAGING}-schedules"] = [ended("report", 3), ended("clean")]
    outcome = commands.operate("status", "staging")
    assert outcome.code == 1
    assert re.search(r"ok       schedule clean of staging ran until \d{4}-", outcome.out)
    assert re.search(r"wrong    schedule report of staging failed at .*: exit code 3", outcome.out)
    told = [line for line in outcome.out.splitlines() if "schedule" in line]
    for line in told:
        assert line in commands.run("doctor").out


@pytest.mark.parametrize(
    ("action", "seen"),
    [
        ("elbv2:DescribeTargetHealth", "schedule clean"),
        ("logs:FilterLogEvents", "ok       staging runs"),
    ],
)
def test_missing_permission(commands, action, seen):
    """What AWS does not show is unseen, and the rest is shown."""
    commands.cloud.denied = {action}
    outcome = commands.operate("status", "staging")
    assert outcome.code == 0
    assert "unseen   AWS does not allow" in outcome.out
    assert seen in outcome.out


def test_stage_that_is_not_there(stage):
    """A stage that somebody named and that is not there is missing."""
    outcome = stage.operate("status", "testing")
    assert outcome.code == 1
    assert "missing  There is no stack shop-testing in eu-central-1." in outcome.out
    assert "mend: Name what differs: PROJECT=NAME" in outcome.out


def test_not_logged_in(stage):
    """Without a login there is nothing to see, which is said once."""
    stage.cloud.log_in_error = "Unable to locate credentials."
    outcome = stage.operate("status")
    assert_refused(stage, outcome, "You are not logged in to AWS")
    assert outcome.err.count("not logged in") == 1
