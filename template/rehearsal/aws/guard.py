"""Asks IAM before a call is made, and records how it ended."""

import contextlib
from collections.abc import Iterator

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import CutError
from template.rehearsal.aws.recording import Authorization, Recording
from template.rehearsal.aws.sessions import Session
from template.rehearsal.iam.judge import Decision
from template.rehearsal.iam.roles import Iam


class Guard:
    """IAM and the recording, together."""

    def __init__(self, iam: Iam, recording: Recording):
        self.iam = iam
        self.recording = recording

    @contextlib.contextmanager
    def permitted(self, session: Session | None, wanted: list[Authorization]) -> Iterator[None]:
        """Run the body if the session may do all that is wanted; record that and its AwsError.

        Nobody, which is None, can only want nothing.

        Raises AwsError AccessDeniedException, in the words of AWS, for the first permission that
        is missing.
        """
        decisions = [
            self.iam.allowed(session.arn, each.action, each.resource, each.context)
            for each in wanted
        ]
        error = None
        try:
            for each, decision in zip(wanted, decisions, strict=True):
                if not decision.allowed:
                    raise denied(session, each, decision)
            yield
        except (AwsError, CutError) as caught:
            error = getattr(caught, "code", type(caught).__name__)
            raise
        finally:
            for each, decision in zip(wanted, decisions, strict=True):
                self.recording.add(session.arn, each, allowed=decision.allowed, error=error)


def denied(session: Session, wanted: Authorization, decision: Decision) -> AwsError:
    """The error for a missing permission, phrased as AWS does.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    reason = (
        "with an explicit deny in an identity-based policy"
        if decision.explicit
        else f"because no identity-based policy allows the {wanted.action} action"
    )
    return AwsError(
        "AccessDeniedException",
        f"User: {session.arn} is not authorized to perform: {wanted.action} on resource:"
        f" {wanted.resource} {reason}",
    )
