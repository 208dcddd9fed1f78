"""The templates as an account that IAM decides in."""

import pytest

from template.rehearsal.iam.judge import Judge
from template.rehearsal.iam.roles import Iam
from template.tests.infra.cloudformation import stacks


@pytest.fixture(scope="session")
def judge():
    """The policy simulator."""
    with Judge() as process:
        yield process


@pytest.fixture(scope="session")
def iam(judge) -> Iam:
    """The roles of the whole project."""
    return Iam(stacks().values(), judge)
