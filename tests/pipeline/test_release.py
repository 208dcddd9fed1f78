"""release.yml tells the truth: how each fault ends, in both engines."""

import pytest

from rehearsal import cloud, project
from tests.pipeline import engines
from tests.pipeline.account import PUSH, Account, fast_aws
from tests.pipeline.faults import FAULTS, Fault

pytestmark = pytest.mark.usefixtures("docker")


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """The AWS CLI that starts at once."""
    with fast_aws(tmp_path_factory.mktemp("aws")) as variables:
        yield variables


@pytest.fixture
def doubles():
    """AWS and the registry."""
    with cloud.run(project.deploy().values(), project.REPOSITORY, lambda: PUSH) as running:
        yield running


@pytest.fixture(params=engines.ENGINES)
def account(request, tmp_path, tools, doubles):
    """Each engine in turn, with an account of its own in which staging runs an image."""
    return Account(engines.ENGINES[request.param], doubles, tmp_path, tools)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(account: Account, fault: Fault):
    """The end is told, the stage's tag names what serves, and what is left undone is said."""
    fault.arrange(account)
    done = account.release(**fault.variables)
    told = done.output + done.summary
    assert done.succeeded == fault.succeeds, told
    for words in fault.told:
        assert words in told
    assert account.tags["staging"] == account.digests[fault.tag]
    assert account.serving() == {account.digests[fault.serves]} - {None}
