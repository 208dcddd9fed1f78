"""People log in and out in the browser, and work on the administration's pages."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from template.tests import exhaustive
from template.tests.browser.conftest import ADDRESS, FORGETFUL, NAME, sign_in
from template.tests.browser.trouble import Trouble, unlabelled
from template.tests.image.containers import until


def test_login_and_logout_lead_back(page: Page) -> None:
    """Log in, and log out, lead back to the page where one was."""
    page.goto("/itemslist")
    page.get_by_role("link", name="Log in").click()
    expect(page).to_have_title("Log in | Items")
    assert unlabelled(page) == []
    sign_in(page)
    expect(page.get_by_role("heading", name="Items List")).to_be_visible()
    expect(page.get_by_role("navigation").first).to_contain_text(NAME)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Items List")).to_be_visible()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_strangers_see_no_accounts(page: Page, trouble: Trouble) -> None:
    """The accounts are not shown to somebody who is not signed in."""
    page.goto("/users")
    expect(page.locator(".response-info")).to_contain_text("HTTP 403 Forbidden")
    trouble.take(page, "status of 403")


@exhaustive.MARK
def test_list_of_accounts(superuser: Page) -> None:
    """Somebody who is signed in reads the accounts."""
    superuser.goto("/users")
    expect(superuser).to_have_title("User List | Items")
    expect(superuser.locator(".response-info")).to_contain_text(f'"username": "{NAME}"')


@exhaustive.MARK
def test_administration_adds_changes_and_deletes(superuser: Page) -> None:
    """The administration adds an item, changes it and deletes it."""
    superuser.goto("/admin/itemslist/itemlist/add/")
    assert unlabelled(superuser) == []
    superuser.get_by_label("Title:").fill("Paper")
    superuser.get_by_label("Content:").fill("A4")
    superuser.get_by_role("button", name="Save", exact=True).click()
    expect(superuser.locator(".success")).to_contain_text("was added successfully")
    superuser.locator("#result_list").get_by_role("link", name="Paper").click()
    superuser.get_by_label("Title:").fill("Blank paper")
    superuser.get_by_role("button", name="Save", exact=True).click()
    expect(superuser.locator(".success")).to_contain_text("was changed successfully")
    superuser.locator("#result_list").get_by_role("link", name="Blank paper").click()
    superuser.get_by_role("link", name="Delete").click()
    superuser.get_by_role("button", name="Yes").click()
    expect(superuser.locator(".success")).to_contain_text("was deleted successfully")
    expect(superuser.get_by_role("link", name="Blank paper")).to_have_count(0)


def test_forgotten_password(page: Page, printed: Path) -> None:
    """The administration's login leads to a mail, whose link leads to a new password."""
    page.goto("/admin/login/")
    page.get_by_role("link", name="Forgotten your login credentials?").click()
    expect(page.get_by_label("Email address:")).to_be_visible()
    assert unlabelled(page) == []
    page.get_by_label("Email address:").fill(f"{FORGETFUL}@example.com")
    page.get_by_role("button", name="Reset my password").click()
    expect(page.get_by_role("heading", name="Password reset sent")).to_be_visible()
    link = until(lambda: re.findall(rf"{ADDRESS}/\S+", printed.read_text()))[-1]
    page.goto(link)
    for label in ("New password:", "Confirm password:"):
        page.get_by_label(label).fill("another horse")
    page.get_by_role("button", name="Change my password").click()
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Username:").fill(FORGETFUL)
    page.get_by_label("Password:").fill("another horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation").first).to_contain_text(FORGETFUL)


def test_administration_queues_a_task(superuser: Page) -> None:
    """An action of the administration queues a task, which then waits in its list."""
    superuser.goto("/admin/itemslist/itemlist/add/")
    superuser.get_by_label("Title:").fill("Twice")
    superuser.get_by_role("button", name="Save", exact=True).click()
    superuser.get_by_label("Select this object for an action").first.check()
    superuser.get_by_label("Action:").select_option("delete_duplicates")
    superuser.get_by_role("button", name="Go", exact=True).click()
    expect(superuser.locator(".info")).to_contain_text("Queued for the worker as task result")
    superuser.get_by_role("link", name="Task Results").first.click()
    expect(superuser.locator("#result_list")).to_contain_text("Ready")


def test_administration_has_a_login_of_its_own(page: Page) -> None:
    """The administration asks anonymous people to log in."""
    page.goto("/admin/")
    expect(page).to_have_title("Log in | Django site admin")
    sign_in(page)
    expect(page).to_have_title("Site administration | Django site admin")
    expect(page.get_by_role("link", name="Django administration")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Thanks for spending some quality time")).to_be_visible()
