"""Credentials are temporary, and belong to one session of a role."""

from datetime import UTC, datetime, timedelta

from template.rehearsal.aws.sessions import Caller, caller


def test_session_is_found_by_its_key(sessions, session):
    """Credentials are found by their access key; a stranger's are not."""
    assert sessions.find(session.access_key) == session
    assert sessions.find("ASIASTRANGER") is None


def test_principal_names_role_and_session(session):
    """IAM's name for the session holds the role and the session's name."""
    assert session.arn == ("arn:aws:sts::123456789012:assumed-role/django-crud-app-build/build-1")


def test_credentials_expire(sessions):
    """Credentials last as many seconds as they were given."""
    lasting, over = sessions.issue("a", "s", seconds=60), sessions.issue("a", "s", seconds=0)
    assert not lasting.expired
    assert over.expired
    left = lasting.expires - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_all_credentials_expire_on_demand(sessions, session):
    """Everything handed out so far expires at once; what comes later does not."""
    sessions.expire()
    assert sessions.find(session.access_key).expired
    assert not sessions.issue("a", "s").expired


def test_credentials_as_variables(session):
    """The AWS CLI finds the credentials and the region in its own variables."""
    assert session.environment("us-east-1") == {
        "AWS_ACCESS_KEY_ID": session.access_key,
        "AWS_SECRET_ACCESS_KEY": session.secret_key,
        "AWS_SESSION_TOKEN": session.token,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_caller_is_known_to_services(session):
    """A service asks for the caller of the call that it answers."""
    token = caller.set(Caller(session, "us-east-1"))
    assert caller.get().session is session
    caller.reset(token)
