"""Mail goes out by moto's SES as a server, from the image's own web server."""

import email
import re
from email import policy
from typing import Any

import pytest
import requests
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from itemsAPP.logs import TOKEN
from template.tests.app.commands import aws_client, gunicorn, manage, production
from template.tests.image.containers import until

SENDER = "team@example.com"
CREATE = (
    "from django.contrib.auth import get_user_model;"
    "get_user_model().objects.create_user('ann', 'ann@example.com', 'correct horse')"
)


@pytest.fixture
def ses(aws: dict[str, str]) -> Any:
    """SES, which knows the sender, with the messages that it was given."""
    client = aws_client("ses", aws)
    client.verify_email_identity(EmailAddress=SENDER)
    backend = ses_backends[DEFAULT_ACCOUNT_ID][aws["AWS_REGION"]]
    backend.sent_messages.clear()
    return backend


@pytest.fixture
def environment(tmp_path, aws):
    """A production service that sends mail, with an account."""
    found = production(tmp_path) | aws | {"DEFAULT_FROM_EMAIL": SENDER}
    manage("shell", "--command", CREATE, **found)
    return found


def ask(browser: requests.Session, url: str) -> requests.Response:
    """The page after somebody has asked for a link."""
    page = f"{url}/admin/password_reset/"
    browser.get(page, timeout=60)
    token = browser.cookies["csrftoken"]
    form = {"email": "ann@example.com", "csrfmiddlewaretoken": token}
    return browser.post(page, form, headers={"Referer": page, "Origin": url}, timeout=60)


def test_password_reset(environment, ses, tmp_path):
    """The mail is SES's, its link leads to a new password, and no log has what it works with."""
    log = tmp_path / "log"
    with gunicorn(log, **environment) as url, requests.Session() as browser:
        assert "emailed you instructions" in ask(browser, url).text
        [message] = ses.sent_messages
        parsed = email.message_from_string(message.raw_data, policy=policy.default)
        assert (parsed["From"], parsed["To"]) == (SENDER, "ann@example.com")
        link = re.search(rf"{url}/\S+", parsed.get_content())[0]
        assert TOKEN.search(link)
        form = browser.get(link, timeout=60)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)[1]
        new = {"new_password1": "another horse", "new_password2": "another horse"}
        done = browser.post(form.url, new | {"csrfmiddlewaretoken": token}, timeout=60)
        assert "Password reset complete" in done.text
        assert until(lambda: "/reset/done/" in log.read_text())
        browser.get(link.rstrip("/"), timeout=60)  # as a mail program may cut it
    said = log.read_text()
    assert said.count("/admin/reset/") >= 4
    assert not TOKEN.search(said)
    assert "ann@example.com" not in said
    assert environment["AWS_SECRET_ACCESS_KEY"] not in said


def test_mail_is_refused(environment, ses, tmp_path):
    """What SES refuses is an error in the log, and tells the one who asks nothing."""
    log = tmp_path / "log"
    with gunicorn(log, **environment | {"DEFAULT_FROM_EMAIL": "x@example.org"}) as url:
        assert "emailed you instructions" in ask(requests.Session(), url).text
        assert until(lambda: "Failed to send password reset email" in log.read_text())
    assert ses.sent_messages == []
    assert not TOKEN.search(log.read_text())
    assert "ann@example.com" not in log.read_text()


def test_production_without_mail(tmp_path):
    """Without a sender nobody is offered a link, which would not come."""
    with gunicorn(tmp_path / "log", **production(tmp_path)) as url:
        assert "password_reset" not in requests.get(f"{url}/admin/login/", timeout=60).text
        page = requests.get(f"{url}/admin/password_reset/", allow_redirects=False, timeout=60)
    assert page.headers["Location"].startswith("/admin/login/")


def test_demo_prints_mail(tmp_path):
    """On one's own machine the mail is printed."""
    log, environment = tmp_path / "log", {"DATA_DIR": str(tmp_path)}
    manage("migrate", **environment)
    manage("shell", "--command", CREATE, **environment)
    with gunicorn(log, **environment) as url:
        ask(requests.Session(), url)
        assert until(lambda: f"{url}/admin/reset/" in log.read_text())
