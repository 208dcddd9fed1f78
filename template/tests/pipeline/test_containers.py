"""Tasks that are real containers, from a real registry that wants a login."""

import contextlib
import json
import re
import subprocess

import pytest
import requests

from template.rehearsal.clock import Clock
from template.rehearsal.ecs.containers import Container, Containers
from template.rehearsal.ecs.launching import Order
from template.rehearsal.ecs.timelines import OUT_OF_MEMORY
from template.tests import exhaustive
from template.tests.pipeline.real_tasks import (
    BASE,
    DEAF,
    SERVER,
    VALUES,
    WORKER,
    command,
    ended,
    inspected,
    lines,
    made,
    over,
    rollout,
    served_images,
    serving,
    until,
)
from template.tests.pipeline.stages import LOG_GROUP, Stage, changed, stack


@pytest.fixture(scope="module")
def images(docker, tmp_path_factory):
    """A registry with the images `one` and `two`, and the folder of a login to it."""
    with served_images(tmp_path_factory.mktemp("docker")) as images:
        for tag in ("one", "two"):
            label = f"LABEL tag={tag} registry={images.registry.endpoint}"
            images.push(tag, f"FROM {BASE}\n{label}\n")
        yield images


@pytest.fixture
def run(images):
    """Makes a stage whose container runs Python code; whatever it makes is gone afterwards."""
    images.tag = "one"
    with contextlib.ExitStack() as opened:

        def start(declared, values=VALUES, options=(), resolve=images.digest, config=images.config):
            containers = opened.enter_context(Containers(config, values, options))
            return Stage(containers, declared, resolve, Clock())

        yield start


@pytest.fixture
def python(images):
    """Declares a stage whose container runs Python code."""
    (original,) = stack().resources["TaskDefinition"].properties["ContainerDefinitions"]

    def declare(code, desired=1, grace=60):
        container = {
            **original,
            "Image": f"{images.name}:staging",
            "EntryPoint": ["python", "-c"],
            "Command": [code],
            "StopTimeout": 1 if code == DEAF else 60,
        }
        definition = {"ContainerDefinitions": [container], "Memory": "64"}
        service = {"HealthCheckGracePeriodSeconds": grace}
        return changed("TaskDefinition", definition, changed("Service", service, stack(desired)))

    return declare


# ---- Services ----


def test_service_runs_the_pinned_image(run, python, images):
    """The service's container runs the digest of the tag, answers, and logs."""
    stage = run(python(SERVER))
    assert until(lambda: rollout(stage), "COMPLETED") == "COMPLETED"
    (task,) = serving(stage)
    address = stage.launcher.address(task)
    assert requests.get(f"{address}/health/live", timeout=60).status_code == requests.codes.ok
    assert until(lambda: lines(stage, task)[:1], ["serving rehearsal"]) == ["serving rehearsal"]
    (found,) = made(stage)
    assert inspected(found, ".Config.Image") == f"{images.name}@{images.digest()}"
    assert inspected(found, ".Config.User") == "10001"


def test_deployment_replaces_the_container(run, python, images):
    """A new deployment's container takes over, and the old one is gone, with its log kept."""
    stage = run(python(SERVER))
    assert until(lambda: rollout(stage), "COMPLETED") == "COMPLETED"
    (old,) = serving(stage)
    images.tag = "two"
    stage.deploy()
    assert until(lambda: rollout(stage), "COMPLETED") == "COMPLETED"
    assert serving(stage) != [old]
    (task,) = stage.tasks()
    assert task["containers"][0]["imageDigest"] == images.digest()
    (stopped,) = stage.tasks(desiredStatus="STOPPED")
    assert stopped["containers"][0]["exitCode"] == 0
    assert lines(stage, old)[0] == "serving rehearsal"
    assert until(lambda: len(made(stage)), 1) == 1
    with pytest.raises(LookupError, match=f"task {old} does not run"):
        stage.launcher.address(old)


@pytest.mark.parametrize(
    ("code", "options", "grace", "why"),
    [
        (SERVER.replace("= 200", "= 503"), [], 5, "503"),
        (
            DEAF,
            [],
            0,
            "RemoteDisconnected|Connection(Reset|Refused)Error|TimeoutError",
        ),
        pytest.param(SERVER, ["--network=none"], 0, "LookupError", marks=exhaustive.MARK),
    ],
    ids=["answers-503", "does-not-answer", "cannot-be-reached"],
)
def test_unhealthy_container_is_replaced(run, python, code, options, grace, why):
    """A container that does not answer 200 in time is stopped, and another one started."""
    stage = run(python(code, grace=grace), options=options)
    words = re.compile(rf"is unhealthy in .* \(reason Health checks failed with .*\[({why})\]")
    assert until(lambda: any(map(words.search, stage.events())), True)
    assert serving(stage) == []
    assert len(stage.tasks(desiredStatus="STOPPED")) >= 1


def test_container_that_ends_at_once(run, python):
    """Containers that end trip the circuit breaker, whatever their exit code."""
    stage = run(python("pass"))
    assert until(lambda: rollout(stage), "FAILED") == "FAILED"
    exits = [task["containers"][0]["exitCode"] for task in stage.tasks(desiredStatus="STOPPED")]
    assert exits == [0, 0, 0]


def worker(declared, check):
    """The stage without its load balancer, whose container has a check of its own."""
    (container,) = declared.resources["TaskDefinition"].properties["ContainerDefinitions"]
    container["HealthCheck"] = {"Command": ["CMD-SHELL", check], "Interval": "1", "Retries": "1"}
    return changed("Service", {"LoadBalancers": []}, declared)


def test_container_without_a_load_balancer_is_checked_by_its_own_command(run, python):
    """A worker is healthy once its check has passed, and says nothing of targets."""
    stage = run(worker(python(WORKER), check="test -e /dev/shm/works"))
    assert until(lambda: rollout(stage), "COMPLETED") == "COMPLETED"
    (found,) = made(stage)
    assert inspected(found, ".State.Health.Status") == "healthy"
    assert not any("target" in event for event in stage.events())


def test_container_that_fails_its_own_check_is_replaced(run, python):
    """Three workers whose check fails trip the circuit breaker."""
    stage = run(worker(python(WORKER), check="exit 1"))
    assert until(lambda: rollout(stage), "FAILED") == "FAILED"
    assert any(event.endswith("failed container health checks.") for event in stage.events())
    reasons = {task["stoppedReason"] for task in stage.tasks(desiredStatus="STOPPED")}
    assert reasons == {"Task failed container health checks"}


# ---- Tasks of RunTask ----


@pytest.mark.parametrize(
    ("code", "exit_code", "written"),
    [
        ("import os; print('in', os.getcwd()); print('done')", 0, ["in /", "done"]),
        ("import sys; print('failing'); sys.exit(3)", 3, ["failing"]),
        ("print('filling', flush=True); bytearray(512 * 2**20)", 137, ["filling"]),
    ],
    ids=["succeeds", "fails", "runs-out-of-memory"],
)
def test_task_really_runs(run, python, code, exit_code, written):
    """A task's exit code and log are those of its container, which is gone afterwards."""
    stage = run(python(SERVER, desired=0))
    override = {"containerOverrides": [{"name": "web", "command": [code]}]}
    task = ended(stage, overrides=override)
    container = task["containers"][0]
    assert (task["stopCode"], container["exitCode"]) == ("EssentialContainerExited", exit_code)
    assert ("OutOfMemoryError" in container.get("reason", "")) == (exit_code == 137)
    assert lines(stage, task["taskArn"][-32:]) == written
    assert made(stage) == []


def test_memory_is_told_late():
    """Docker may tell a moment after the end that the memory was the reason."""
    states = [{"Running": False, "ExitCode": 137, "OOMKilled": oom} for oom in (True, False)]

    def docker(*arguments):
        told = json.dumps(states.pop()) if arguments[0] == "inspect" else ""
        return subprocess.CompletedProcess(arguments, 0, told)

    container = Container(docker, Order(0, "task", "group", "image", {}, {}), "name", None)
    for _ in range(2):
        container.take()
    assert container.next(0).stop == OUT_OF_MEMORY
    assert states == []


@exhaustive.MARK
def test_task_that_ignores_sigterm_is_killed(run, python):
    """A task that is stopped gets SIGTERM, and SIGKILL after its stop timeout."""
    stage = run(python(DEAF, desired=0))
    (task,) = stage.run_task()["tasks"]
    stopping = stage.call("StopTask", task=task["taskArn"], reason="Enough")["task"]
    assert stopping["desiredStatus"] == "STOPPED"
    killed = over(stage, task)
    assert (killed["stoppedReason"], killed["containers"][0]["exitCode"]) == ("Enough", 137)


def test_image_that_the_registry_lacks(run, python):
    """A digest that does not exist cannot be pulled."""
    stage = run(python(SERVER, desired=0), resolve=lambda image: "sha256:" + "0" * 64)
    task = ended(stage)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    assert task["stoppedReason"].endswith("not found")
    assert "exitCode" not in task["containers"][0]
    assert stage.logs.call("DescribeLogStreams", {"logGroupName": LOG_GROUP})["logStreams"] == []


def test_registry_that_refuses_the_login(run, python, images, tmp_path):
    """Without a login nothing runs, not even an image that Docker has."""
    image = f"{images.name}@{images.digest()}"
    command(f"--config={images.config}", "pull", "--quiet", image)
    task = ended(run(python(SERVER, desired=0), config=tmp_path))
    command("image", "rm", image)
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull access denied")


def test_command_that_does_not_exist(run, python):
    """A container whose program is missing does not start, and leaves nothing behind."""
    declared = python(SERVER, desired=0)
    (container,) = declared.resources["TaskDefinition"].properties["ContainerDefinitions"]
    container["EntryPoint"] = ["no-such-program"]
    stage = run(declared)
    task = ended(stage)
    assert task["stoppedReason"].startswith("CannotStartContainerError")
    assert "exitCode" not in task["containers"][0]


def test_task_that_is_stopped_too_late(run, python, tmp_path):
    """A task that could not start ends as it does, even if it is stopped meanwhile."""
    stage = run(python(SERVER, desired=0), config=tmp_path)
    (task,) = stage.run_task()["tasks"]
    stage.call("StopTask", task=task["taskArn"])
    assert over(stage, task)["stopCode"] == "TaskFailedToStart"


def test_secrets_without_values(run, python):
    """A task whose secrets have no values does not start."""
    stage = run(python(SERVER, desired=0), values={"SECRET_KEY": "x"})
    assert ended(stage)["stoppedReason"].startswith("ResourceInitializationError")


# ---- What is left behind ----


def test_nothing_is_left_behind(run, python, images):
    """Closing removes running containers, their volumes and the images that were pulled."""
    stage = run(python(SERVER))
    assert until(lambda: rollout(stage), "COMPLETED") == "COMPLETED"
    (found,) = made(stage)
    volume = inspected(found, "(index .Mounts 0).Name")
    image = inspected(found, ".Config.Image")
    assert command("volume", "inspect", "--format={{.Name}}", volume) == volume
    stage.launcher.close()
    assert made(stage) == []
    for kind, name in (("volume", volume), ("image", image)):
        assert command(kind, "inspect", name, check=False) == "[]"


def test_image_that_was_there_before_stays(run, python, images):
    """An image that was pulled by somebody else is not removed."""
    image = f"{images.name}@{images.digest()}"
    command(f"--config={images.config}", "pull", "--quiet", image)
    stage = run(python("pass", desired=0))
    ended(stage)
    stage.launcher.close()
    assert command("image", "inspect", "--format={{.Id}}", image).startswith("sha256:")
    command("image", "rm", image)
