"""Counts of containers: autoscaling's is kept, and the first ones are followed."""

import pytest

from deploy import stacks, start
from deploy.aws import Aws
from deploy.cluster import Cluster

STAGING = "shop-staging"
STOPPED = {
    "stoppedReason": "Essential container in task exited",
    "containers": [
        {"name": "aws-guardduty-agent-x1y2z", "exitCode": 137, "reason": "It was stopped."},
        {"name": "web", "exitCode": 1, "reason": "CannotPullContainerError: pull"},
    ],
}


def count(workplace, name=STAGING):
    """Return how many containers ECS wants of a stage."""
    return workplace.cloud.formation.services[name]["desired"]


def test_stopped_tasks_that_ecs_has_forgotten(healthy):
    """Tasks of which ECS tells nothing any more have no reasons, and no log."""
    healthy.cloud.ecs_describe_tasks = lambda cluster, tasks: {"tasks": []}
    cluster = Cluster(Aws("eu-central-1"), "staging", STAGING)
    assert start.explain(cluster, "web", [f"{STAGING}/task0"]) == []


def test_autoscalings_count_survives_a_stack_update(healthy):
    """An update of the stack at the daily peak takes no container away."""
    healthy.cloud.formation.services["shop-production"]["desired"] = 4
    assert healthy.run("setup", PRODUCTION_PARAMETERS="Cpu=512").code == 0
    assert count(healthy, "shop-production") == 4


def test_bounds_move_the_count(healthy):
    """More at least starts containers, and fewer at most stops some."""
    healthy.run("setup", STAGING_PARAMETERS="DesiredCount=3")
    assert count(healthy) == 3
    healthy.run("setup", STAGING_PARAMETERS="DesiredCount=1 MaximumCount=2")
    assert count(healthy) == 2


def test_a_parked_stage_has_no_container(healthy):
    """DesiredCount=0 stops all containers, and 1 starts one again."""
    healthy.run("setup", STAGING_PARAMETERS="DesiredCount=0")
    assert count(healthy) == 0
    outcome = healthy.run("setup", STAGING_PARAMETERS="DesiredCount=1")
    assert count(healthy) == 1
    assert "1 running, 0 pending, 1 desired. (service web) has reached a steady" in outcome.out


def test_first_containers_are_followed(set_up):
    """Setup shows how the first containers come up, and ends when they are steady."""
    set_up.deploy_images()
    outcome = set_up.run("setup")
    assert outcome.code == 0
    assert "0 running, 1 pending, 1 desired." in outcome.out
    assert outcome.out.count("has reached a steady state") == 2


def test_running_containers_are_not_waited_for(healthy):
    """Where containers run already, one look is enough."""
    healthy.run("setup")
    looks = [call for call in healthy.desk.calls if "describe-services" in call.words]
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("log", "parts"),
    [
        (["ImproperlyConfigured: SECRET_KEY"], ["The end of its log:", "Configured: SECRET_KEY"]),
        (None, ["It wrote no log, so its command never ran."]),
    ],
)
def test_first_containers_that_stop(set_up, log, parts):
    """Containers that end again and again are explained: ECS's reason, exit code and log."""
    set_up.deploy_images()
    set_up.cloud.stops[STAGING] = STOPPED | {"log": log}
    outcome = set_up.run("setup")
    assert outcome.code == 1
    for part in [
        "The first containers of staging stop: 3 have ended.",
        "task1: Essential container in task exited; CannotPullContainerError: pull; exit code 1",
        "`make setup STAGING_PARAMETERS=DesiredCount=0`",
        *parts,
    ]:
        assert part in outcome.err
    assert set_up.hub.variables[""]["AWS_BUILD_ROLE_ARN"], "a deploy can bring a better image"
    set_up.cloud.stops.clear()
    assert set_up.run("setup").code == 0


def test_first_containers_that_never_come(set_up, monkeypatch):
    """A start without an end is given up after a quarter of an hour."""
    monkeypatch.setattr(start, "START_SECONDS", -1)
    set_up.deploy_images()
    outcome = set_up.run("setup")
    assert outcome.code == 1
    assert "The first containers of staging do not run after 15 minutes." in outcome.err


def test_a_start_that_failed_before_is_explained(set_up, monkeypatch):
    """Where ECS pauses between its attempts, the containers that stopped before tell the reason."""
    set_up.deploy_images()
    set_up.cloud.stops[STAGING] = STOPPED | {"log": ["no such table"]}
    set_up.run("setup")
    monkeypatch.setattr(start, "START_SECONDS", -1)
    set_up.cloud.stops[STAGING]["pauses"] = True
    outcome = set_up.run("setup")
    assert "do not run after 15 minutes" in outcome.err
    assert "Essential container in task exited" in outcome.err
    assert "no such table" in outcome.err


def test_an_update_that_does_not_end(set_up, monkeypatch):
    """What AWS still works on after an hour is called that, and nothing is called undone."""
    monkeypatch.setattr(stacks, "WAIT_SECONDS", -1)
    outcome = set_up.run("setup", STAGING_PARAMETERS="Cpu=512")
    assert outcome.code == 1
    assert "AWS still works on the stack shop-staging (UPDATE_IN_PROGRESS)" in outcome.err
    assert "nothing was undone" in outcome.err
    assert "AWS undid" not in outcome.err
    assert "describe-stack-events" in outcome.err


def test_long_work_says_that_it_goes_on(set_up, monkeypatch):
    """Every other minute it says what AWS is doing, so that nobody takes it for dead."""
    monkeypatch.setattr(stacks, "REPORT_SECONDS", -1)
    outcome = set_up.run("setup", STAGING_PARAMETERS="Cpu=512")
    assert "UPDATE_IN_PROGRESS for 0 minutes" in outcome.out
