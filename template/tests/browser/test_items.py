"""Items are read, added, changed and deleted in the browser, with no account."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from template.tests.browser.trouble import Trouble


def form(page: Page, method: str) -> Locator:
    """The visible form that ends in the button of a method."""
    return page.locator("form:visible").filter(has=page.get_by_role("button", name=method)).last


def reply(page: Page) -> Locator:
    """What the API answered, its status first."""
    return page.locator(".response-info")


def focused(page: Page, name: str) -> bool:
    """Press Tab; the value is whether that leads to the field of that name."""
    page.keyboard.press("Tab")
    return page.evaluate("document.activeElement.name") == name


def add(page: Page, title: str) -> str:
    """Add an item by the form; the value is its path."""
    page.goto("/itemslist")
    post = form(page, "POST")
    post.locator("[name=title]").fill(title)
    post.get_by_role("button", name="POST").click()
    expect(reply(page)).to_contain_text("HTTP 201 Created")
    link = reply(page).get_by_role("link").last
    return link.get_attribute("href") or ""


@pytest.mark.parametrize("path", ["/", "/ping"])
def test_root_leads_to_the_lists(page: Page, path: str) -> None:
    """The API root is a page with the project's name and the addresses of the lists."""
    page.goto(path)
    expect(page).to_have_title("Api Root | Items")
    expect(reply(page)).to_contain_text("HTTP 200 OK")
    for name in ("users", "groups", "item"):
        expect(page.get_by_role("link", name=f"http://127.0.0.1:8000/{name}")).to_be_visible()


def test_name_leads_to_the_root(page: Page) -> None:
    """The name in the bar at the top leads to the API root."""
    page.goto("/itemslist")
    page.get_by_role("link", name="Items", exact=True).click()
    expect(page.get_by_role("heading", name="Api Root")).to_be_visible()


def test_form_adds_an_item(page: Page) -> None:
    """The form adds an item, which the list then has."""
    add(page, "Butter & <b>salt</b>")
    page.goto("/itemslist")
    expect(reply(page)).to_contain_text('"Butter & <b>salt</b>"')


def test_raw_data_adds_an_item(page: Page) -> None:
    """JSON that was typed in adds an item."""
    page.goto("/itemslist")
    page.locator("a[name=raw-tab]:visible").first.click()
    post = form(page, "POST")
    post.get_by_label("Content:").fill(json.dumps({"title": "Bread", "content": "rye"}))
    post.get_by_role("button", name="POST").click()
    expect(reply(page)).to_contain_text("HTTP 201 Created")
    expect(reply(page)).to_contain_text('"title": "Bread"')


def test_keyboard_adds_an_item(page: Page) -> None:
    """Nobody needs a mouse: Tab leads to the fields, Enter sends them."""
    page.goto("/itemslist")
    assert any(map(focused, [page] * 50, ["title"] * 50))
    page.keyboard.type("Tea")
    page.keyboard.press("Enter")
    expect(reply(page)).to_contain_text("HTTP 201 Created")
    expect(reply(page)).to_contain_text('"title": "Tea"')


def test_form_without_a_title_says_why(page: Page, trouble: Trouble) -> None:
    """A form that was sent empty comes back with the reason."""
    page.goto("/itemslist")
    form(page, "POST").get_by_role("button", name="POST").click()
    expect(reply(page)).to_contain_text("HTTP 400 Bad Request")
    expect(page.locator(".help-block:visible")).to_have_text("This field may not be blank.")
    trouble.take(page, "status of 400")


def test_form_changes_an_item(page: Page) -> None:
    """The form of an item has its values, and changes them."""
    page.goto(add(page, "Egs"))
    page.locator("a[href='#put-object-form']").click()
    put = form(page, "PUT")
    expect(put.locator("[name=title]")).to_have_value("Egs")
    put.locator("[name=title]").fill("Eggs")
    put.get_by_role("button", name="PUT").click()
    expect(reply(page)).to_contain_text('"title": "Eggs"')


def test_button_deletes_an_item(page: Page, trouble: Trouble) -> None:
    """The button asks, and then deletes the item."""
    path = add(page, "Mould")
    page.goto(path)
    page.get_by_role("button", name="DELETE").click()
    page.locator("#deleteModal button.btn-danger").click()
    expect(reply(page)).to_contain_text("HTTP 204 No Content")
    page.goto(path)
    expect(reply(page)).to_contain_text("HTTP 404 Not Found")
    trouble.take(page, "status of 404")


def test_unknown_address_is_told(page: Page, trouble: Trouble) -> None:
    """An address that does not exist is a page that says so."""
    page.goto("/no-such-address")
    expect(page.get_by_role("heading", name="Not Found")).to_be_visible()
    trouble.take(page, "status of 404")
