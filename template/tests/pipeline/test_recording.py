"""The recording keeps who asked for what, and how it ended."""

import pytest

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization

PUSH = Authorization("ecr:PutImage", "arn:repository", {"aws:PrincipalAccount": "1"})
PULL = Authorization("ecr:BatchGetImage", "arn:repository")


def test_calls_keep_their_order(recording):
    """Calls are kept in the order in which they ended, with all that was asked."""
    recording.add("a/build", PUSH, allowed=True)
    recording.add("b/release", PULL, allowed=False, error="AccessDeniedException")
    first, second = recording
    assert (first.principal, first.action, first.resource) == (
        "a/build",
        "ecr:PutImage",
        "arn:repository",
    )
    assert (first.context, first.allowed, first.error) == (PUSH.context, True, None)
    assert (second.allowed, second.error) == (False, "AccessDeniedException")
    assert first.at <= second.at


def test_actions_by_principal(recording):
    """Actions are listed for everybody, or for whose ARN contains a text."""
    recording.add("a/build", PUSH, allowed=True)
    recording.add("b/release", PULL, allowed=True)
    assert recording.actions() == ["ecr:PutImage", "ecr:BatchGetImage"]
    assert recording.actions("release") == ["ecr:BatchGetImage"]


def test_refused_calls(recording):
    """Only what was not allowed counts as refused, whatever else failed."""
    recording.add("a", PUSH, allowed=True, error="ServerException")
    recording.add("a", PULL, allowed=False)
    assert [call.action for call in recording.refused()] == ["ecr:BatchGetImage"]


def test_early_errors_are_kept(recording):
    """An error before the permissions are known is recorded and passed on; success is not."""
    with recording.refusals("a", "ecs:RunTask", allowed=True):
        pass
    with (
        pytest.raises(AwsError),
        recording.refusals("a", "ecs:RunTask", allowed=True),
    ):
        raise AwsError("ClientException", "no")
    [call] = recording
    assert (call.action, call.resource, call.error) == ("ecs:RunTask", "*", "ClientException")
