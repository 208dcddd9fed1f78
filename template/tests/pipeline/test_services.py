"""A release of several services: one migration, all deployed and followed together."""

import pytest

from template.rehearsal.ecs import timelines
from template.tests.pipeline import engines
from template.tests.pipeline.account import Account
from template.tests.pipeline.faults import DENIED

pytestmark = pytest.mark.usefixtures("docker")

BOTH = "web worker"


@pytest.fixture
def account(doubles, tmp_path, tools):
    """An account whose staging has a worker beside the web server, which a release may deploy."""
    account = Account(engines.run_in_codebuild, doubles, tmp_path, tools)
    account.ecs.add_service(
        account.service["cluster"], "web", serviceName="worker", loadBalancers=[]
    )
    policies = account.cloud.iam.role("django-crud-app-staging-release").policies
    [redeploy] = [
        statement
        for document in policies.values()
        for statement in document["Statement"]
        if statement["Sid"] == "RedeployService"
    ]
    worker = redeploy["Resource"].replace("/web", "/worker")
    policies["worker"] = {
        "Version": "2012-10-17",
        "Statement": [{**redeploy, "Resource": worker}],
    }
    return account


def serving(account: Account, service: str) -> set[str]:
    """The digests that a service runs in the end."""
    account.clock.advance(1000)
    return {task.digest for task in account.ecs.serving(account.service["cluster"], service)}


def test_all_services_run_the_image(account):
    """One migration, a line of progress and a row of the table for each service."""
    done = account.release(SERVICE_NAME=BOTH)
    assert done.succeeded, done.output
    assert done.output.count("Migrating in task") == 1
    for service in ("web", "worker"):
        assert f" of {service} started" in done.output
        assert f"| Service | {service}: ecs-svc/" in done.summary
        assert serving(account, service) == {account.digests["promoted"]}


@pytest.mark.parametrize("stories", [("bad", "good"), ("good", "bad")], ids=["first", "second"])
def test_all_go_back_when_one_fails(account, stories):
    """Whichever crashes, the tag is back, and both services run what ran before."""
    told = {"bad": timelines.CRASH_LOOP, "good": timelines.SUCCEEDS}
    account.timelines.deploy(*(told[each] for each in stories))
    done = account.release(SERVICE_NAME=BOTH)
    assert not done.succeeded
    assert "tasks failed to start" in done.summary
    assert account.tags["staging"] == account.digests["before"]
    for service in ("web", "worker"):
        assert serving(account, service) == {account.digests["before"]}


def test_second_service_that_is_refused_undoes_the_first(account):
    """Where the second service cannot be deployed, the first one goes back."""
    account.faults.fail("ecs", "UpdateService", DENIED, skip=1)
    done = account.release(SERVICE_NAME=BOTH)
    assert not done.succeeded
    assert "ECS refused the new deployment of worker" in done.summary
    for service in ("web", "worker"):
        assert serving(account, service) == {account.digests["before"]}


def test_service_that_is_not_there_is_refused(account):
    """A name among several that no service has is told before anything changes."""
    done = account.release(SERVICE_NAME="web nobody")
    assert not done.succeeded
    assert "ECS did not tell of the service nobody" in done.summary
    assert "Nothing was changed." in done.summary
