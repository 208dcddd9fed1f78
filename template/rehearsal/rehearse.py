"""Takes a commit through the pipeline and gathers what has become of it."""

import contextlib
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import requests

from template.rehearsal import machine, project, report
from template.rehearsal.github import act, job_services, jobs
from template.rehearsal.github.checkout import CheckoutError
from template.rehearsal.github.progress import Progress
from template.rehearsal.report import Outcome, Ran, Service
from template.rehearsal.sandbox import Sandbox
from template.rehearsal.services import health_path

POLL_SECONDS = "1"
PATIENCE = 10.0  # seconds that an answer may take

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
    """Run the pipeline; what it did, and what it left in the registry and in the services."""
    ran = engine(sandbox)
    services = {stage: _service(sandbox, stage) for stage in project.STAGES}
    address = services["production"].address
    paths = (health_path(sandbox.stacks["production-stage"]), report.HOME)
    return Outcome(
        commit=sandbox.checkout.commit,
        ran=ran,
        tags=sandbox.tags(),
        services=services,
        answers={path: _ask(address + path) for path in paths} if address else {},
    )


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


def _service(sandbox: Sandbox, stage: str) -> Service:
    named = sandbox.stacks[f"{stage}-stage"].outputs
    cluster, name = named["ClusterArn"], named["ServiceName"]
    tasks = sandbox.ecs.serving(cluster, name)
    answer = sandbox.ecs.call("DescribeServices", {"cluster": cluster, "services": [name]})
    primary = answer["services"][0]["deployments"][0]
    return Service(
        deployment=primary["id"],
        state=primary["rolloutState"],
        digests={task.digest for task in tasks},
        address=sandbox.launchers[stage].address(tasks[0].order.task) if tasks else "",
    )


def _ask(url: str) -> str:
    """The status of an answer, or why there is none."""
    try:
        return str(requests.get(url, timeout=PATIENCE, allow_redirects=False).status_code)
    except requests.RequestException as error:
        return type(error).__name__
