"""Processes and schedules of stages.toml become stacks of their own, and go after a question."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from template.tests.deploy.conftest import PLAIN
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.test_choices_survive import plan, value

WORKER = "shop-production-process-worker"
CLEAR = "shop-production-schedule-clear"
BOTH = """
[production.processes]
worker = { command = "python manage.py db_worker", containers = 2, cpu = 512 }

[production.schedules]
clear = { command = 'python manage.py say "x\\y"', cron = "0 3 * * ? *" }
"""
WITHOUT_WORKER = BOTH.replace("worker = {", "worker = false # {")


@pytest.fixture
def both(healthy):
    """A desk whose production has a process and a schedule."""
    healthy.write_stages(BOTH)
    healthy.last = healthy.run("setup")
    assert healthy.last.code == 0, healthy.last
    return healthy


def stacks_of(workplace, end=""):
    """The names of production's stacks, without the project's and the stage's."""
    names = workplace.cloud.formation.stacks
    return [name.removeprefix("shop-production") for name in names if "production" in name]


def ended(name, code=0, days=0, **more):
    """The event of a task of a schedule that has stopped, as EventBridge writes it to a log."""
    at = datetime.now(UTC) - timedelta(days=days)
    container = {"name": "web"} | ({} if code is None else {"exitCode": code})
    agent = {"name": "aws-guardduty-agent-x1y2z", "exitCode": 137}
    detail = {"group": f"schedule:{name}", "lastStatus": "STOPPED"}
    detail |= {"containers": [agent, container]}
    detail |= {"stoppedAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")} | more
    return {"timestamp": int(at.timestamp() * 1000), "message": json.dumps({"detail": detail})}


def test_they_get_stacks_of_their_own(both):
    """One for each, after what starts the schedules, and the next run has nothing to do."""
    assert stacks_of(both) == [
        *("-network", "-database", "-roles", ""),
        *("-schedules", "-process-worker", "-schedule-clear"),
    ]
    both.run("setup")
    assert both.desk.changes() == []


def test_parameters_of_a_process(both):
    """A process has its own command and size, and the rest from the web server."""
    parameters = both.cloud.formation.stacks[WORKER]["parameters"]
    assert parameters["ProcessCommand"] == "python manage.py db_worker"
    assert (parameters["ProcessCount"], parameters["ProcessCpu"]) == ("2", "512")
    web = both.cloud.formation.stacks["shop-production"]
    shared = parameters.keys() & web["parameters"].keys()
    assert {name: parameters[name] for name in shared} == {
        name: web["parameters"][name] for name in shared
    }
    assert len(shared) >= 10
    given = both.cloud.formation.stacks[WORKER]["tags"]
    assert given["Stage"] == "production"
    assert given["RepositoryId"] == "456789"


def test_command_of_a_schedule_is_json(both):
    """Quotes and backslashes of a command arrive as they stand in the file."""
    parameters = both.cloud.formation.stacks[CLEAR]["parameters"]
    assert json.loads(f'"{parameters["ScheduleCommand"]}"') == 'python manage.py say "x\\y"'
    assert parameters["ScheduleCron"] == "0 3 * * ? *"
    assert parameters["ScheduleState"] == "ENABLED"
    assert parameters["SchedulerRoleArn"].endswith(":role/shop-production-scheduler")


def test_a_release_knows_the_services(both):
    """The variable has the web server first, then the processes, as the plan said."""
    assert both.hub.variables["production"]["SERVICE_NAME"] == "web worker"
    assert both.hub.variables["staging"]["SERVICE_NAME"] == "web"
    assert "production  SERVICE_NAME = web worker\n" in plan(both.last)


def test_the_plan_shows_them(both):
    """The plan says what is created with its command, and later what changes, old and new."""
    line = f"{WORKER}: create (process worker: python manage.py db_worker, costs money)"
    assert line in plan(both.last)
    assert f"{CLEAR}: create (schedule clear: python manage.py say" in plan(both.last)
    both.write_stages(BOTH.replace("db_worker", "qcluster").replace("0 3", "0 4"))
    outcome = both.run("setup")
    lines = [line.strip() for line in plan(outcome).splitlines() if " -> " in line]
    assert lines == [
        "ProcessCommand: python manage.py db_worker -> python manage.py qcluster",
        "ScheduleCron: 0 3 * * ? * -> 0 4 * * ? *",
    ]
    assert value(both, "ProcessCommand", WORKER) == "python manage.py qcluster"


def test_nothing_runs_before_the_first_image(workplace):
    """Until a stage runs, its processes have no container and its schedules are off."""
    workplace.write_stages(f"{PLAIN}{BOTH}")
    assert workplace.run("setup").code == 0
    assert value(workplace, "ProcessCount", WORKER) == "0"
    assert value(workplace, "ScheduleState", CLEAR) == "DISABLED"
    workplace.deploy_images()
    assert workplace.run("setup").code == 0
    assert value(workplace, "ProcessCount", WORKER) == "2"
    assert value(workplace, "ScheduleState", CLEAR) == "ENABLED"


def test_a_parked_stage_parks_them(both):
    """With the stage its processes and schedules rest, and they come back with it."""
    both.run("setup", PRODUCTION_PARAMETERS="DesiredCount=0")
    assert value(both, "ProcessCount", WORKER) == "0"
    assert value(both, "ScheduleState", CLEAR) == "DISABLED"
    both.run("setup", PRODUCTION_PARAMETERS="DesiredCount=1")
    assert value(both, "ProcessCount", WORKER) == "2"


def test_they_follow_what_the_web_server_gets(both):
    """A database that somebody chose in place of the stack's own is that of the processes too."""
    both.run("setup", PRODUCTION_PARAMETERS="DatabaseHost=restored.example.com")
    assert value(both, "DatabaseHost", WORKER) == "restored.example.com"
    both.run("setup")
    assert both.desk.changes() == []


def test_a_process_that_does_not_start(healthy):
    """A new process is tried in a stack that exists, so that the next run can try again."""
    healthy.cloud.formation.crashing.add(WORKER)
    healthy.write_stages(BOTH)
    outcome = healthy.run("setup")
    assert outcome.code == 1
    assert f"AWS undid its work on the stack {WORKER}." in outcome.err
    assert "Circuit Breaker was triggered" in outcome.err
    assert "aws logs tail" in outcome.err
    assert healthy.hub.variables["production"]["SERVICE_NAME"] == "web"
    healthy.cloud.formation.crashing.clear()
    assert healthy.run("setup").code == 0
    assert healthy.hub.variables["production"]["SERVICE_NAME"] == "web worker"


def test_taken_out_it_goes_after_a_question(both):
    """What the file does not name any more is deleted when the person says so."""
    both.write_stages(WITHOUT_WORKER)
    outcome = both.run("setup", typing="y\ny\n")
    assert f"{WORKER}: delete (process worker), after a question" in plan(outcome)
    assert "Delete process worker of production?" in outcome.out
    assert "-process-worker" not in stacks_of(both)
    assert both.hub.variables["production"]["SERVICE_NAME"] == "web"
    calls = both.desk.changes()
    variable = next(n for n, call in enumerate(calls) if "SERVICE_NAME" in call)
    assert "delete-stack" in calls[variable + 1], "no release looks for it by then"


def test_a_refused_answer_leaves_it(both):
    """Without agreement it stays as it is, releases included, and the next run asks again."""
    both.write_stages(WITHOUT_WORKER)
    for _ in range(2):
        outcome = both.run("setup", typing="y\nn\n")
        assert outcome.code == 0
        assert "Delete process worker of production?" in outcome.out
        assert both.desk.changes() == []
    assert "-process-worker" in stacks_of(both)
    assert both.hub.variables["production"]["SERVICE_NAME"] == "web worker"


def test_yes_answers_it(both):
    """YES=1 deletes without asking."""
    both.write_stages("")
    outcome = both.run("setup", typing="", YES="1")
    assert "Delete process" not in outcome.out
    assert stacks_of(both) == ["-network", "-database", "-roles", ""]


def test_schedules_need_what_starts_them(both):
    """The last schedule takes along what started them, and a schedule that stays keeps it."""
    both.write_stages("")
    both.run("setup", typing="y\ny\nn\n")
    assert stacks_of(both)[4:] == ["-schedules", "-schedule-clear"]
    outcome = both.run("setup", typing="y\ny\n")
    assert "Delete what starts" not in outcome.out
    assert stacks_of(both)[4:] == []


@pytest.mark.parametrize(
    "tags",
    [
        {"Project": "shop", "Stage": "production", "RepositoryId": "999"},
        {"Project": "shop-production", "Stage": "process", "RepositoryId": "456789"},
        {"Project": "shop", "Stage": "staging", "RepositoryId": "456789"},
        {"Project": "shop", "Stage": "production"},
    ],
)
def test_other_stacks_are_not_taken_for_processes(both, tags):
    """A stack of such a name that is another repository's, project's or stage's stays."""
    name = "shop-production-process-other"
    stacks = both.cloud.formation.stacks
    stacks[name] = stacks[WORKER] | {"name": name, "tags": tags}
    outcome = both.run("setup", typing="y\n")
    assert outcome.code == 0
    assert "Delete process other" not in outcome.out
    assert both.desk.changes() == []


def test_a_foreign_stack_of_that_name_is_refused(healthy):
    """A process whose stack's name is another repository's is refused before anything begins."""
    stacks = healthy.cloud.formation.stacks
    stacks[WORKER] = stacks["shop-production"] | {"name": WORKER, "tags": {"RepositoryId": "999"}}
    healthy.write_stages(BOTH)
    assert_refused(healthy, healthy.run("setup"), f"The stack {WORKER} belongs to")


def test_shared_commands_reach_every_stage(healthy):
    """What the shared table has runs in each stage that does not switch it off."""
    healthy.write_stages(
        '[all.processes]\na = "b"\n[staging.processes]\na = false\nc = "d"\n', procfile="e: f\n"
    )
    healthy.run("setup")
    assert healthy.hub.variables["production"]["SERVICE_NAME"] == "web a e"
    assert healthy.hub.variables["staging"]["SERVICE_NAME"] == "web c e"


def test_a_nat_gateway_goes_after_the_processes(both):
    """Processes leave the private subnets as well before the gateway goes."""
    gateway = "[production.network]\nnat_gateway = true\n"
    both.write_stages(BOTH + gateway)
    both.run("setup")
    both.write_stages(BOTH)
    both.run("setup")
    changed = [call.split("changeSet/")[1].split("/")[0] for call in both.desk.changes()]
    assert changed[-1] == "shop-production-network"


def test_teardown_deletes_them_first(both):
    """Whatever runs in a cluster goes before the cluster, which AWS would not delete otherwise."""
    both.write_stages("")
    assert both.run("teardown").code == 0
    assert both.cloud.formation.stacks == {}


def test_doctor_looks_at_each_service(both):
    """Doctor says of every service what it runs, and knows the variable that names them."""
    outcome = both.run("doctor")
    assert "ok       worker of production runs 2 of 2 containers of sha256:" in outcome.out
    both.cloud.running["shop-production/worker"] = {"runningCount": 1}
    both.hub.variables["production"]["SERVICE_NAME"] = "web"
    outcome = both.run("doctor")
    assert outcome.code == 1
    assert "variable SERVICE_NAME is web, the stack says web worker" in outcome.out
    both.hub.variables["production"]["SERVICE_NAME"] = "web worker"
    assert "wrong    worker of production runs 1 of 2 containers" in both.run("doctor").out


def test_doctor_knows_an_old_image_in_a_process(both):
    """A process that runs another image than the stage's tag names is wrong."""
    both.cloud.running["shop-production/worker"] = {"digest": "sha256:old"}
    outcome = both.run("doctor")
    assert outcome.code == 1
    assert "wrong    worker of production runs sha256:old, its tag names" in outcome.out


def test_doctor_compares_with_the_file(both):
    """What the file names and AWS lacks is missing; what AWS has beside it is a note."""
    both.write_stages('[production.processes]\nother = "a"\n')
    outcome = both.run("doctor")
    assert "missing  process other of production" in outcome.out
    assert "note     process worker of production is not in stages.toml" in outcome.out
    both.write_stages("[production")
    assert "process worker of production is not" not in both.run("doctor").out


def test_doctor_sees_how_schedules_ended(both):
    """The last run of a schedule counts; a failure says why, and goes with a run that succeeds."""
    assert "note     schedule clear of production has not run" in both.run("doctor").out
    log = both.cloud.runs["shop-production-schedules"] = [ended("clear", 3, days=2)]
    outcome = both.run("doctor")
    assert outcome.code == 1
    assert "wrong    schedule clear of production failed at 20" in outcome.out
    assert "Z: exit code 3\n" in outcome.out
    log.insert(0, ended("clear", None, 1, stoppedReason="CannotPullContainerError: no image"))
    assert "CannotPullContainerError: no image" in both.run("doctor").out
    log.insert(0, ended("clear"))
    outcome = both.run("doctor")
    assert "ok       schedule clear of production ran until 20" in outcome.out
    assert outcome.code == 0


def test_doctor_forgets_after_a_week(both):
    """A run of last month tells nothing."""
    both.cloud.runs["shop-production-schedules"] = [ended("clear", 1, days=8)]
    assert "has not run within 7 days" in both.run("doctor").out


def test_doctor_sees_runs_that_did_not_start(both):
    """Runs that EventBridge gave up to start are counted."""
    both.cloud.dropped["shop-production"] = 2
    outcome = both.run("doctor")
    assert outcome.code == 1
    assert "AWS did not start 2 scheduled runs of production within 7 days" in outcome.out


def test_doctor_goes_on_without_the_log(both):
    """Whoever may not read the log of the schedules is told so."""
    both.cloud.denied.add("logs:FilterLogEvents")
    outcome = both.run("doctor")
    assert "unseen   schedules of production" in outcome.out
    assert "ok       worker of production" in outcome.out
