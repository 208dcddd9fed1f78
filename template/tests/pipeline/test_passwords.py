"""Passwords for the registry belong to who fetched them, and expire."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from template.rehearsal.aws.sessions import Caller
from template.rehearsal.ecr.passwords import Passwords


@pytest.fixture
def passwords():
    """No password has been handed out yet."""
    return Passwords()


def test_password_belongs_to_who_fetched_it(passwords, session):
    """A password is found with its owner and region; a stranger's is not."""
    text, password = passwords.issue(Caller(session, "us-east-1"))
    assert passwords.find(text) == password
    assert (password.owner.session, password.owner.region) == (session, "us-east-1")
    assert passwords.find("stranger") is None
    assert base64.b64decode(text)


def test_password_lasts_twelve_hours(passwords, session):
    """A password outlives the hour of the credentials that fetched it."""
    _, password = passwords.issue(Caller(session, "us-east-1"))
    left = password.expires - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    assert not password.expired


def test_passwords_expire_on_demand(passwords, session):
    """Every password handed out so far expires at once; a new one does not."""
    old, _ = passwords.issue(Caller(session, "us-east-1"))
    passwords.expire()
    assert passwords.find(old).expired
    assert not passwords.issue(Caller(session, "us-east-1"))[1].expired
