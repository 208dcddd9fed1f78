"""Takes a commit through the pipeline and gathers what has become of it."""

import contextlib
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import requests

from template.rehearsal import leaks, machine, project, report, schedules
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.github import act, job_services, jobs
from template.rehearsal.github.checkout import CheckoutError
from template.rehearsal.github.progress import Progress
from template.rehearsal.report import Outcome, Ran, ScheduleRun, Service
from template.rehearsal.sandbox import Sandbox
from template.rehearsal.services import health_path

POLL_SECONDS = "1"
PATIENCE = 60.0  # seconds that an answer may take
LINES = 5  # of the log of a scheduled command, which explain its failure

Engine = Callable[[Sandbox], list[Ran]]


def through_github(sandbox: Sandbox, push: jobs.Push | None = None) -> list[Ran]:
    """Run deploy.yml for a push of the commit to the default branch; what ran, in order.

    Raises CheckoutError where such a push does not start it.
    """
    branch = sandbox.checkout.branch
    push = push or jobs.Push(
        sandbox.checkout.workflow, sandbox.checkout.commit, ref=f"refs/heads/{branch}"
    )
    workflows = jobs.Workflows(sandbox.checkout.folder)
    _check_trigger(push.workflow, workflows.branches(push.workflow), branch)
    job_services.start(sandbox.checkout.folder, push.workflow, sandbox.machine, sandbox.say)
    workflows.use_environment_variables("stage.yml")
    workflows.forget_queues()
    progress = Progress(sandbox.say)
    sandbox.job = lambda: workflows.job(push, progress.current)
    run = act.Run(
        sandbox.checkout.folder,
        push.workflow,
        push.event,
        _variables(sandbox),
        {
            **sandbox.machine,
            **sandbox.cloud.environment(),
            **sandbox.cloud.job_environment(),
            **sandbox.github,
        },
        stand_ins(sandbox),
        {"GITHUB_TOKEN": sandbox.token},
        branch=branch,
    )
    with run.start() as events:
        progress.follow(events)
    return [
        Ran(_stage(workflows, push, ended.job), ended.result, ended.seconds)
        for ended in progress.ended
    ]


def stand_ins(sandbox: Sandbox) -> dict[str, Path]:
    """What stands in for third-party actions: nothing where github.com is reachable."""
    return {} if machine.reaches_github() else sandbox.checkout.stand_ins()


def rehearse(sandbox: Sandbox, engine: Engine) -> Outcome:
    """Run the pipeline, and each schedule once; what they did, and what they left behind."""
    ran = engine(sandbox)
    released = {each.stage for each in ran if each.result == "success"}
    runs = [
        _run_schedule(sandbox, stage, name, stack)
        for stage in project.STAGES
        if stage in released
        for name, stack in project.schedules(sandbox.stacks, stage).items()
    ]
    services = {
        stage: [
            _service(sandbox, stage, name) for name in project.service_names(sandbox.stacks, stage)
        ]
        for stage in project.STAGES
    }
    address = services["production"][0].address
    paths = (health_path(sandbox.stacks["production-stage"]), report.HOME)
    return Outcome(
        commit=sandbox.checkout.commit,
        ran=ran,
        tags=sandbox.tags(),
        services=services,
        answers={path: _ask(address + path) for path in paths} if address else {},
        schedules=runs,
        leaks=find_leaks(sandbox),
    )


def find_leaks(sandbox: Sandbox) -> list[str]:
    """Where the value of a secret stands: in logs, calls and files of the rehearsal.

    A value that is in the commit is a secret to nobody.
    """
    values = {
        value for value in sandbox.cloud.secrets.values() if not sandbox.checkout.contains(value)
    }
    recording = sandbox.cloud.recording
    texts = {
        "what the rehearsal printed": sandbox.said,
        "the records of calls": [repr(call) for call in recording],
        "the requests to AWS": recording.bodies,
        **{
            f"the log of {task}": lines
            for stage in project.STAGES
            for task, lines in sandbox.ecs.logs(_cluster(sandbox, stage)).items()
        },
    }
    files = leaks.in_files(values, sandbox.folder)
    return [*leaks.in_texts(values, texts), *(f"the file {file}" for file in files)]


def _variables(sandbox: Sandbox) -> dict[str, str]:
    stacks = sandbox.stacks
    repository = project.repository_variables(stacks, sandbox.cloud.front.endpoint)
    environments = {
        stage: {**project.environment_variables(stacks, stage), "POLL_SECONDS": POLL_SECONDS}
        for stage in project.STAGES
    }
    return {**repository, jobs.ENVIRONMENTS: jobs.environment_table(repository, environments)}


def _check_trigger(workflow: str, branches: list[str] | None, branch: str) -> None:
    if branches and not any(fnmatch(branch, pattern) for pattern in branches):
        raise CheckoutError(
            f"{workflow} runs for pushes to {', '.join(branches)}, but the default branch is"
            f" {branch}. Name it under `branches` in .github/workflows/{workflow}."
        )


def _stage(workflows: jobs.Workflows, push: jobs.Push, job: str) -> str:
    """What a job is called in the report: its environment, else its own name.

    act tells some names otherwise than the workflow, as those of a matrix; they have no stage.
    """
    with contextlib.suppress(LookupError):
        if environment := workflows.job(push, job).environment:
            return environment
    return job.rpartition("/")[2].lower()


def _service(sandbox: Sandbox, stage: str, name: str) -> Service:
    cluster = _cluster(sandbox, stage)
    tasks = sandbox.ecs.serving(cluster, name)
    answer = sandbox.ecs.call("DescribeServices", {"cluster": cluster, "services": [name]})
    service = answer["services"][0]
    primary = service["deployments"][0]
    answers = [task.order.task for task in tasks if task.order.balanced]
    return Service(
        name=name,
        deployment=primary["id"],
        state=primary["rolloutState"],
        digests={task.digest for task in tasks},
        address=sandbox.launchers[stage].address(answers[0]) if answers else "",
        wanted=service["desiredCount"],
    )


def _cluster(sandbox: Sandbox, stage: str) -> str:
    return sandbox.stacks[f"{stage}-stage"].outputs["ClusterArn"]


def _run_schedule(sandbox: Sandbox, stage: str, name: str, stack: Stack) -> ScheduleRun:
    """Start the task of a schedule, and wait for its end."""
    cluster = _cluster(sandbox, stage)
    sandbox.say(f"\n== Schedule {name} of {stage}")
    try:
        task = schedules.start(stack, sandbox.cloud, sandbox.ecs)
    except AwsError as error:
        return ScheduleRun(stage, name, None, "nothing", f"{error.code}: {error.message}")
    ended = schedules.wait(cluster, task, sandbox.ecs)
    lines = sandbox.ecs.lines(cluster, task)
    for line in lines:
        sandbox.say(f"   {line}")
    why = " ".join(lines[-LINES:]) or ended.stop.reason
    return ScheduleRun(stage, name, ended.stop.exit_code, ended.digest or "nothing", why)


def _ask(url: str) -> str:
    """The status of an answer, or why there is none."""
    try:
        return str(requests.get(url, timeout=PATIENCE, allow_redirects=False).status_code)
    except requests.RequestException as error:
        return type(error).__name__
