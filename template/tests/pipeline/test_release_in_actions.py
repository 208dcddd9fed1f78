"""release.yml tells the truth: how each fault ends in GitHub Actions."""

import pytest

from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import Account
from template.tests.pipeline.faults import FAULTS, Fault, check

pytestmark = pytest.mark.usefixtures("docker")


# Every fourth, because both engines run the same commands, and all of several services.
ROWS = [*FAULTS[::4], *(fault for fault in FAULTS if fault.worker and fault not in FAULTS[::4])]


@pytest.mark.parametrize(
    "fault",
    exhaustive.rows(
        ROWS, "crash loop", "the worker crashes at start", key=lambda fault: fault.name
    ),
    ids=lambda fault: fault.name,
)
def test_fault(doubles, tmp_path, tools, fault: Fault):
    """In GitHub Actions a fault ends as its row says, as it does by CodeBuild's rules."""
    check(Account(engines.run_in_actions, doubles, tmp_path, tools), fault)
