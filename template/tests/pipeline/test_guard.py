"""The guard asks IAM first, and records how a call ended."""

from dataclasses import replace

import pytest

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import CutError
from template.rehearsal.aws.guard import Guard, denied
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.iam.judge import Decision
from template.rehearsal.iam.roles import Iam

PUSH = Authorization("ecr:PutImage", arn("ecr", "repository/django-crud-app"))
DELETE = replace(PUSH, action="ecr:BatchDeleteImage")


def test_permitted_body_runs(guard, session, recording):
    """A body runs when everything wanted is allowed, and all of it is recorded."""
    login = Authorization("ecr:GetAuthorizationToken", "*")
    with guard.permitted(session, [login, PUSH]):
        assert list(recording) == []
    assert [(call.action, call.allowed) for call in recording] == [
        ("ecr:GetAuthorizationToken", True),
        ("ecr:PutImage", True),
    ]


def enter(guard, session, wanted, error=None):
    """Run a body that may fail."""
    with guard.permitted(session, wanted):
        raise error or AssertionError("the body must not run")


def test_one_missing_permission_is_enough(guard, session, recording):
    """A body does not run when one of its permissions is missing; each is recorded as it is."""
    with pytest.raises(AwsError, match="is not authorized to perform: ecr:BatchDeleteImage"):
        enter(guard, session, [PUSH, DELETE])
    assert [(call.action, call.allowed, call.error) for call in recording] == [
        ("ecr:PutImage", True, "AccessDeniedException"),
        ("ecr:BatchDeleteImage", False, "AccessDeniedException"),
    ]


@pytest.mark.parametrize(
    ("error", "name"),
    [(AwsError("ServerException", "no"), "ServerException"), (CutError(), "CutError")],
)
def test_failed_body_is_recorded(guard, session, recording, error, name):
    """An error of a permitted body is passed on and recorded."""
    with pytest.raises(type(error)):
        enter(guard, session, [PUSH], error)
    assert [(call.allowed, call.error) for call in recording] == [(True, name)]


def test_explicit_denial_has_its_own_words(session):
    """A denial by a statement is told from a permission that is nowhere."""
    error = denied(session, PUSH, Decision(allowed=False, explicit=True, why="p/Deny"))
    assert error.message.endswith(
        "repository/django-crud-app with an explicit deny in an identity-based policy"
    )


def test_nobody_wants_nothing(judge, recording):
    """An unsigned call that wants nothing is let through."""
    with Guard(Iam([Stack("empty")], judge), recording).permitted(None, []):
        assert list(recording) == []
