"""Web server, worker, schedule and commands of a stage, as real containers, and its uploads."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import requests

from template.rehearsal import codebuild, codepipeline, project, report, schedules
from template.rehearsal.rehearse import find_leaks, rehearse, through_github
from template.rehearsal.sandbox import Sandbox, set_up
from template.tests import exhaustive
from template.tests.app.test_uploads import picture
from template.tests.pipeline.operators import NAME, POLICY, Ended, Operator
from template.tests.pipeline.sandboxes import commit, git, quick_project

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.timeout(900), exhaustive.MARK]

SCHEDULE = "clear-sessions"
STAGES_TOML = f"""\
[all.processes]
worker = "python manage.py db_worker"

[all.schedules]
{SCHEDULE} = {{ command = "python manage.py clearsessions", cron = "0 3 * * ? *" }}

[production]
uploads = true
snapshot_before_release = true
"""
CANARY, LATER = "REHEARSAL_CANARY", "REHEARSAL_LATER"
# Whatever loads the settings proves which variables it has, and does not tell their values.
PROOF = f"""
import hashlib, os
for name in ("{CANARY}", "{LATER}"):
    value = os.environ.get(name, "")
    print(name, hashlib.sha256(value.encode()).hexdigest(), flush=True)
"""
# A worker that does not start; everything else does.
BROKEN = """
import sys
if "db_worker" in sys.argv:
    raise RuntimeError("broken on purpose")
"""
PASSWORD = "a long enough one"
PATIENCE = 180  # seconds that a busy machine may take


@pytest.fixture(scope="module")
def canary():
    """The value of a variable that people have set for both stages."""
    return secrets.token_urlsafe(32)


def proof(name: str, value: str = "") -> str:
    """The line of a container that has a variable with this value."""
    return f"{name} {hashlib.sha256(value.encode()).hexdigest()}"


@dataclass
class Rehearsed:
    """A rehearsal through GitHub while its containers run: the sandbox, and the outcome.

    `operator` has set the variables. `early` is the task of a schedule whose time came while
    staging was being migrated, and `logs` are what all tasks had written by stage and ARN, when
    the rehearsal was over.
    """

    sandbox: Sandbox
    operator: Operator
    outcome: report.Outcome
    early: str
    logs: dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory, canary, tools):
    """A project with a worker and a schedule in both stages, and uploads in production."""
    source = quick_project(tmp_path_factory.mktemp("running") / "source")
    (source / "stages.toml").write_text(STAGES_TOML)
    settings = source / "src/itemsAPP/settings.py"
    settings.write_text(settings.read_text() + PROOF)
    commit(source)
    lines = []
    with set_up(source, lines.append) as sandbox:
        operator = Operator(sandbox, tools)
        file = tmp_path_factory.mktemp("given") / "staging.env"
        file.write_text(f"{CANARY}={canary}\n")
        for words, stdin in (
            (("staging", "--file", str(file)), ""),
            (("production", CANARY), canary),
        ):
            done = operator.deploy("config", *words, stdin=stdin)
            assert done.code == 0, done
        early = []
        schedule = sandbox.stacks[f"staging-schedule-{SCHEDULE}"]
        sandbox.cloud.faults.inject(
            "ecs",
            "RunTask",
            lambda: early.append(schedules.start(schedule, sandbox.cloud, sandbox.ecs)),
        )
        outcome = rehearse(sandbox, through_github)
        assert report.problems(outcome) == [], "\n".join(lines)
        logs = {stage: sandbox.ecs.logs(cluster(sandbox, stage)) for stage in project.STAGES}
        yield Rehearsed(sandbox, operator, outcome, *early, logs)


def as_list(words: str | list[str]) -> list[str]:
    """The words of a policy, of which one alone needs no list."""
    return [words] if isinstance(words, str) else words


def cluster(sandbox, stage="production"):
    """The cluster of a stage, by its ARN."""
    return sandbox.stacks[f"{stage}-stage"].outputs["ClusterArn"]


def release(sandbox, stage, image):
    """Release an image to a stage once more, with the commands of release.yml; what it printed."""
    session = sandbox.cloud.sessions.issue(f"{project.NAME}-{stage}-release", "release")
    variables = {
        **sandbox.machine,
        **sandbox.cloud.environment(session),
        **project.repository_variables(sandbox.stacks, sandbox.cloud.front.endpoint),
        **project.environment_variables(sandbox.stacks, stage),
        "POLL_SECONDS": "1",
        "PREVIOUS_STAGE_NAME": image,
        "STAGE_NAME": stage,
    }
    folder = sandbox.checkout.folder
    build = codebuild.run(folder / "release.yml", folder, variables)
    assert build.succeeded, build.output
    return build.output


def until(question: Callable[[], object]) -> object:
    """The answer to a question, once it is true or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return answer


def test_all_services_and_schedules_run_the_commit(rehearsed):
    """Both services of both stages are deployed, and each schedule ran once, on one digest."""
    outcome = rehearsed.outcome
    digest = outcome.tags[outcome.commit]
    for stage in project.STAGES:
        web, worker = outcome.services[stage]
        assert (web.name, worker.name) == ("web", "worker")
        assert web.digests == worker.digests == {digest}
        assert web.state == worker.state == "COMPLETED"
    assert [(run.stage, run.exit_code, run.digest) for run in outcome.schedules] == [
        (stage, 0, digest) for stage in project.STAGES
    ]


def test_schedule_waits_for_the_migration(rehearsed):
    """Its time came when the tag had moved and no table was there; it ran on the migrated ones."""
    place = cluster(rehearsed.sandbox, "staging")
    task = rehearsed.sandbox.ecs.task(place, rehearsed.early)
    assert task.order.group == f"schedule:{SCHEDULE}"
    assert (task.ended, task.stop.exit_code) == (True, 0)
    assert task.digest == rehearsed.outcome.tags[rehearsed.outcome.commit]


@pytest.fixture(scope="module")
def superuser(rehearsed):
    """A superuser of both stages, whose password is no stage's variable afterwards."""
    operator, name = rehearsed.operator, "DJANGO_SUPERUSER_PASSWORD"
    who = ("--username", "root", "--email", "root@example.com")
    create = ("python", "manage.py", "createsuperuser", "--noinput", *who)
    for stage in project.STAGES:
        assert operator.deploy("config", stage, name, stdin=PASSWORD).code == 0
        assert operator.deploy("run", stage, "--", *create).code == 0
        assert operator.deploy("config", stage, "--unset", name).code == 0


def log_in(address: str) -> requests.Session:
    """A session of the superuser in the admin."""
    session = requests.Session()
    page = session.get(f"{address}/admin/login/", timeout=60)
    form = {"username": "root", "password": PASSWORD, "next": "/admin/"}
    send(session, page, **form).raise_for_status()
    return session


def send(
    session: requests.Session, page: requests.Response, files: dict | None = None, **form: str
) -> requests.Response:
    """Send the form of a page."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    form = {**form, "csrfmiddlewaretoken": token}
    return session.post(page.url, form, files=files, headers={"Referer": page.url}, timeout=60)


@pytest.mark.usefixtures("superuser")
def test_worker_does_what_the_web_server_queues(rehearsed):
    """A person queues a task in the admin of production, and the worker of the commit does it."""
    sandbox, outcome = rehearsed.sandbox, rehearsed.outcome
    address = address_of(sandbox, "production")
    session = log_in(address)
    items = f"{address}/admin/itemslist/itemlist/"
    for _ in range(3):
        page = session.get(f"{items}add/", timeout=60)
        send(session, page, title="twice", content="the same").raise_for_status()
    page = session.get(items, timeout=60)
    found = re.findall(r'name="_selected_action" value="(\d+)"', page.text)
    assert len(found) == 3
    queued = send(session, page, action="delete_duplicates", _selected_action=found)
    (result,) = set(re.findall(r"task result ([0-9a-f-]{36})", queued.text))
    assert until(lambda: session.get(items, timeout=60).text.count('_selected_action" value') == 1)
    worker = [
        task
        for task in sandbox.ecs.services(cluster(sandbox))[1].tasks
        if any(result in line for line in sandbox.ecs.lines(cluster(sandbox), task.arn))
    ]
    assert [task.digest for task in worker] == [outcome.tags[outcome.commit]]


def upload(address: str) -> requests.Response:
    """Add an item with a picture in the admin of a stage; the page that follows."""
    session = log_in(address)
    page = session.get(f"{address}/admin/itemslist/itemlist/add/", timeout=60)
    return send(session, page, {"picture": ("tea.png", picture())}, title="tea", content="green")


def items(address: str) -> list[dict[str, str]]:
    """The items that the API of a stage has of what was uploaded."""
    found = requests.get(f"{address}/itemslist", timeout=60).json()
    return [each for each in found if each["title"] == "tea"]


def containers_of(sandbox, stage):
    """The tasks of a stage's web server."""
    return {task.arn for task in sandbox.ecs.serving(cluster(sandbox, stage), "web")}


def address_of(sandbox, stage):
    """Where the web server of a stage answers."""
    (task,) = sandbox.ecs.serving(cluster(sandbox, stage), "web")
    return sandbox.launchers[stage].address(task.order.task)


@pytest.mark.usefixtures("superuser")
def test_upload_is_there_after_the_next_release(rehearsed):
    """New containers give the picture a URL that shows it; without that URL nobody sees it."""
    sandbox = rehearsed.sandbox
    upload(address_of(sandbox, "production")).raise_for_status()
    before, earlier = containers_of(sandbox, "production"), set(sandbox.cloud.rds.snapshots)
    printed = release(sandbox, "production", "staging")
    assert before.isdisjoint(containers_of(sandbox, "production"))
    [item] = items(address_of(sandbox, "production"))
    assert requests.get(item["picture"], timeout=60).content == picture()
    assert requests.get(item["picture"].partition("?")[0], timeout=60).status_code == 403
    task = f"{project.NAME}-production-task"
    assert {"s3:PutObject", "s3:GetObject"} <= set(sandbox.cloud.recording.actions(task))
    [snapshot] = set(sandbox.cloud.rds.snapshots) - earlier
    assert all("-production-before-" in each for each in (snapshot, *earlier))  # none of staging
    assert f"| Snapshot | `{snapshot}` |" in printed


@pytest.mark.usefixtures("superuser")
def test_upload_is_refused_without_a_bucket(rehearsed):
    """Staging has none, and says so at the field: no item and no file is there that would go."""
    sandbox = rehearsed.sandbox
    address = address_of(sandbox, "staging")
    page = upload(address)
    assert "Uploads are off: AWS_STORAGE_BUCKET_NAME is not set." in page.text
    assert items(address) == []
    docker = sandbox.launchers["staging"].docker
    port = address.rpartition(":")[2]
    [container] = docker("ps", "--quiet", f"--filter=publish={port}").stdout.split()
    found = docker("exec", container, "find", "/data", "/tmp", "-type", "f")  # noqa: S108 - not here
    assert (found.returncode, "tea" in found.stdout) == (0, False)
    assert sandbox.cloud.recording.actions(f"{project.NAME}-staging-task") == []


def test_variables_are_in_every_container(rehearsed, canary):
    """Web server, worker, migration, schedule and one-off command have what `config` has set."""
    sandbox = rehearsed.sandbox
    line = proof(CANARY, canary)
    assert line in rehearsed.operator.run("python", "manage.py", "check").out.splitlines()
    for stage, logs in rehearsed.logs.items():
        groups = {sandbox.ecs.task(cluster(sandbox, stage), task).order.group for task in logs}
        assert groups >= {"service:web", "service:worker", f"schedule:{SCHEDULE}"}
        assert any(group.startswith("family:") for group in groups)  # the migration
        # Before the first release there was no image: tasks from then have written nothing.
        assert [task for task, lines in logs.items() if lines and line not in lines] == []


def test_command_ends_as_it_ends(rehearsed):
    """A one-off command's output and exit code are those of the operator's command."""
    ended = rehearsed.operator.deploy(
        "run", "staging", "--", "sh", "-c", "echo $COMMIT_SHA; exit 3"
    )
    assert (ended.code, ended.out.splitlines()[-1]) == (3, rehearsed.outcome.commit)


def test_log_of_the_stage(rehearsed):
    """The log has what each process of the stage has written, and can be asked for one of them."""
    lines = rehearsed.operator.deploy("logs", "production").out.splitlines()
    assert {json.loads(line)["process"] for line in lines} == {"web", "worker"}
    only = rehearsed.operator.deploy("logs", "production", "--process", "worker").out.splitlines()
    assert only == [line for line in lines if json.loads(line)["process"] == "worker"]


def test_status_of_the_stages(rehearsed):
    """Both services of both stages run the commit, once no deployment is going on."""
    until(lambda: "is being deployed" not in rehearsed.operator.deploy("status").out)
    ended = rehearsed.operator.deploy("status")
    digest = rehearsed.outcome.tags[rehearsed.outcome.commit]
    for stage in project.STAGES:
        for what in (stage, f"worker of {stage}"):
            assert f"  ok       {what} runs 1 of 1 containers of {digest}\n" in ended.out
    assert ended.out.count(f"commit {rehearsed.outcome.commit}, deployed ") == 4
    assert ended.out.count(", 1 of 1 healthy\n") == 2


def test_no_secret_is_found(rehearsed, canary):
    """No value stands in a log, a record of a call or a file; where one does, it is told."""
    sandbox, outcome, operator = rehearsed.sandbox, rehearsed.outcome, rehearsed.operator
    assert canary in sandbox.cloud.secrets.values()
    assert outcome.leaks == find_leaks(sandbox) == []
    assert canary not in operator.said
    assert PASSWORD not in operator.said
    (sandbox.folder / "harmful").write_text(f"export {CANARY}={canary}")
    told = operator.run("sh", "-c", f"echo ${CANARY}")
    operator.run("true", canary)
    assert find_leaks(sandbox) == [
        f"the log of {cluster(sandbox).replace(':cluster/', ':task/')}/{told.task}",
        "the requests to AWS",
        "the file harmful",
    ]
    (sandbox.folder / "harmful").unlink()


def started(
    sandbox: Sandbox, stage: str, before: dict[str, list[str]]
) -> list[tuple[str, list[str]]]:
    """The groups of a stage's tasks that are not among those of before, and what they wrote."""
    place = cluster(sandbox, stage)
    new = {task: lines for task, lines in sandbox.ecs.logs(place).items() if task not in before}
    return [(sandbox.ecs.task(place, task).order.group, lines) for task, lines in new.items()]


def change(operator: Operator, stage: str, unset: str, **given: str) -> Ended:
    """Remove a variable of a stage, and set another one by standard input."""
    lines = "".join(f"{name}={value}\n" for name, value in given.items())
    done = operator.deploy("config", stage, "--unset", unset, "-", stdin=lines)
    assert done.code == 0, done
    assert f"removed    {unset} of {stage}\n" in done.out
    return done


def test_changes_come_with_the_next_release(rehearsed, canary):
    """CodePipeline releases the commit anew: all containers have what was set, and not the rest.

    Then what was there before is set again, and both services get it at once.
    """
    sandbox, operator, later = rehearsed.sandbox, rehearsed.operator, secrets.token_urlsafe(32)
    broken, said = sandbox.checkout, len(operator.said)
    sandbox.checkout = replace(broken, commit=rehearsed.outcome.commit)
    before = {stage: sandbox.ecs.logs(cluster(sandbox, stage)) for stage in project.STAGES}
    for stage in project.STAGES:
        change(operator, stage, CANARY, **{LATER: later})
        assert re.match(
            rf"{LATER} .* UTC, not released yet\n$", operator.deploy("config", stage).out
        )
    assert {ran.result for ran in codepipeline.run(sandbox)} == {"success"}
    sandbox.checkout = broken
    for stage in project.STAGES:
        assert re.match(rf"{LATER} .* UTC\n$", operator.deploy("config", stage).out)
        schedule = sandbox.stacks[f"{stage}-schedule-{SCHEDULE}"]
        task = schedules.start(schedule, sandbox.cloud, sandbox.ecs)
        assert schedules.wait(cluster(sandbox, stage), task, sandbox.ecs).stop.exit_code == 0
        once = operator.deploy("run", stage, "--", "python", "manage.py", "check")
        assert once.code == 0, once
        found = started(sandbox, stage, before[stage])
        family = f"family:{project.NAME}-{stage}"  # of the migration and of the command
        groups = [family, family, f"schedule:{SCHEDULE}", "service:web", "service:worker"]
        assert sorted(group for group, _ in found) == groups
        for group, lines in found:
            told = {line for line in lines if line.startswith("REHEARSAL_")}
            assert told == {proof(CANARY), proof(LATER, later)}, group
        change(operator, stage, LATER, **{CANARY: canary})
        before[stage] = sandbox.ecs.logs(cluster(sandbox, stage))
        done = operator.deploy("config", stage, f"{LATER}=", YES="1")
        assert "Replaced: the containers of web, worker.\n" in done.out, done
        found = started(sandbox, stage, before[stage])
        assert sorted(group for group, _ in found) == ["service:web", "service:worker"]
        assert all(proof(CANARY, canary) in lines for _, lines in found)
    assert later not in operator.said
    assert canary not in operator.said[said:]


def test_operator_needs_no_more(rehearsed):
    """The commands ask for all that the operator may do, and for nothing else."""
    operator, recording = rehearsed.operator, rehearsed.sandbox.cloud.recording
    operator.run("true")
    operator.deploy("config", "staging", f"{LATER}=x", YES="1")
    for command in ("logs", "status"):
        operator.deploy(command, "staging")
    calls = [call for call in recording if f"/{NAME}/" in call.principal]
    assert [call for call in calls if not call.allowed] == []
    allowed = {action for each in POLICY["Statement"] for action in as_list(each["Action"])}
    assert allowed - {call.action for call in calls} == {"ecs:StopTask"}


def test_configuration_that_is_no_json_ends_the_release(rehearsed):
    """The migration fails first with the entry point's sentence, and nothing moves."""
    sandbox = rehearsed.sandbox
    before = sandbox.tags()
    secret = project.config_secret(sandbox.stacks, "staging")
    kept = sandbox.cloud.secrets.value(secret)
    sandbox.cloud.secrets.put(secret, "{'no': 'JSON'}")
    sandbox.said.clear()
    ran = through_github(sandbox)
    sandbox.cloud.secrets.put(secret, kept)
    assert [(each.stage, each.result) for each in ran][-1] == ("staging", "failure")
    said = "\n".join(sandbox.said)
    assert "STAGE_CONFIG must be a JSON object whose members are strings." in said
    assert "the migration ended with exit code 1" in said
    assert "Deployment ecs-svc/" not in said
    assert sandbox.tags() == before


def test_all_go_back_when_the_worker_does_not_start(rehearsed):
    """CodePipeline releases a commit whose worker ends: web server and worker stay on the first."""
    sandbox, outcome = rehearsed.sandbox, rehearsed.outcome
    folder = sandbox.checkout.folder
    settings = folder / "src/itemsAPP/settings.py"
    settings.write_text(settings.read_text() + BROKEN)
    commit(folder)
    sandbox.checkout = replace(sandbox.checkout, commit=git(folder, "rev-parse", "HEAD"))
    sandbox.said.clear()
    ran = codepipeline.run(sandbox)
    assert [(each.stage, each.result) for each in ran][-1] == ("staging", "failure")
    said = "\n".join(sandbox.said)
    assert re.search(r"the deployment of worker (failed|back): .*", said)
    assert "broken on purpose" in said
    digest = outcome.tags[outcome.commit]
    assert sandbox.tags()["staging"] == digest

    def running():
        names = project.service_names(sandbox.stacks, "staging")
        place = cluster(sandbox, "staging")
        return [{task.digest for task in sandbox.ecs.serving(place, name)} for name in names]

    assert until(lambda: running() == [{digest}, {digest}]), running()
