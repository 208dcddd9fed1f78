"""The API's own documentation sends requests from the browser."""

from playwright.sync_api import Page, expect


def test_operation_is_tried_out(page: Page) -> None:
    """An operation opens, is executed, and shows what the API answered."""
    page.goto("/docs/")
    expect(page).to_have_title("Items")
    operation = page.locator("#operations-itemslist-itemslist_list")
    operation.get_by_role("button", name="GET /itemslist/", exact=True).click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    response = operation.locator(".live-responses-table .response")
    expect(response.locator(".response-col_status")).to_have_text("200")
    expect(response.locator(".response-col_description")).to_contain_text("application/json")
