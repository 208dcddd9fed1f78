"""Whoever forgot a password gets a link by mail, and nobody else gets to know it."""

import logging
import re

import pytest
from dockerflow.logging import MozlogFormatter
from rest_framework.test import APIClient

from itemsAPP.logs import TOKEN, hide_tokens

pytestmark = pytest.mark.django_db
URL = "/admin/password_reset/"
PASSWORDS = {"new_password1": "another horse", "new_password2": "another horse"}


@pytest.fixture
def ann(make_user):
    """Somebody who has forgotten a password."""
    return make_user("ann", email="ann@example.com", password="correct horse", is_staff=True)


def ask(client, email="ann@example.com", **headers):
    """The response to whoever asks for a link."""
    return client.post(URL, {"email": email}, format="multipart", headers=headers)


def link(mail):
    """The path of the link in a mail."""
    return re.findall(r"http://testserver(/\S+)", mail.body)[0]


def log_in(password):
    """The status of logging in to the admin."""
    form = {"username": "ann", "password": password}
    return APIClient().post("/admin/login/", form, format="multipart").status_code


def test_way_to_a_new_password(anonymous, ann, mailoutbox, settings):
    """The page to log in has a link to the form, the mail has another, and that works once."""
    settings.DEFAULT_FROM_EMAIL = "team@example.com"
    assert f'href="{URL}"' in anonymous.get("/admin/login/").text
    assert ask(anonymous).status_code == 302
    (mail,) = mailoutbox
    assert (mail.from_email, mail.to) == ("team@example.com", ["ann@example.com"])
    form = anonymous.get(link(mail)).headers["Location"]
    assert not TOKEN.search(form)
    done = anonymous.post(form, PASSWORDS, format="multipart", follow=True)
    assert 'href="/api-auth/login/"' in done.text
    assert (log_in("correct horse"), log_in("another horse")) == (200, 302)
    assert "unsuccessful" in APIClient().get(link(mail), follow=True).text


@pytest.mark.parametrize("email", ["bob@example.com", "cut@example.com", "ANN@example.com.evil"])
def test_others_get_no_mail(anonymous, ann, make_user, mailoutbox, email):
    """An address without an account, or with one that has no password, gets the same answer."""
    make_user("cut", email="cut@example.com")
    responses = [ask(anonymous, address) for address in ("ann@example.com", email)]
    assert len({(each.status_code, each.headers["Location"]) for each in responses}) == 1
    assert [mail.to for mail in mailoutbox] == [["ann@example.com"]]


def test_limit(anonymous, ann, mailoutbox):
    """Ten times an hour anybody may ask; then no mail goes out."""
    assert [ask(anonymous).status_code for _ in range(11)] == [302] * 10 + [429]
    assert len(mailoutbox) == 10
    assert anonymous.get(URL).status_code == 200


def test_link_ends_within_an_hour(anonymous, ann, mailoutbox, settings):
    """A link that was left lying does nothing."""
    ask(anonymous)
    assert settings.PASSWORD_RESET_TIMEOUT == 3600
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "unsuccessful" in anonymous.get(link(mailoutbox[0]), follow=True).text


@pytest.mark.parametrize("url", ["{}", "/nowhere{}", "{}?next=/", "/%7B{}"])
@pytest.mark.parametrize("fails", [False, True])
def test_link_is_in_no_log(anonymous, ann, mailoutbox, caplog, monkeypatch, url, fails):
    """Neither the line of a request nor that of an error has what the link works with."""
    ask(anonymous)
    path = link(mailoutbox[0])
    caplog.set_level(logging.INFO)
    caplog.clear()
    anonymous.raise_request_exception = False
    if fails:
        monkeypatch.setattr("django.contrib.auth.tokens.constant_time_compare", lambda *_: 1 / 0)
    anonymous.get(url.format(path))
    lines = [MozlogFormatter().format(each) for each in caplog.records if hide_tokens(each)]
    assert any("/reset/" in line for line in lines)
    assert not any(TOKEN.search(line) for line in lines)
    assert TOKEN.search(path)


def test_other_lines_stay(caplog):
    """A line without a token is as it was written, with its fields."""
    logging.getLogger("any").warning("%s of %d%%", "tea", 5, extra={"path": "/a", "status": 200})
    (record,) = caplog.records
    assert hide_tokens(record)
    assert (record.getMessage(), record.path, record.status) == ("tea of 5%", "/a", 200)
