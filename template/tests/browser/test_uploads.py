"""Pictures of items are uploaded in the browser, by the API's form and in the administration."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from template.tests.browser.test_items import form, reply
from template.tests.browser.trouble import Trouble

COMMITTED = Path(__file__).parents[2] / "docs/images"
SHOWN = {"x": 0, "y": 0, "width": 960, "height": 560}  # of the page
MOST_BYTES = 60_000
FETCH = (
    "async url => { const got = await fetch(url); return [got.status, (await got.blob()).size] }"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A picture as somebody has it."""
    file = tmp_path / "butter.png"
    Image.new("RGB", (40, 30), "gold").save(file)
    return file


@pytest.fixture
def take(tmp_path: Path) -> Callable[[Page, str], None]:
    """Takes a screenshot for template/docs/services.md: into PICTURES, else nowhere that lasts.

    It has to be as large as the one in the repository, and light.
    """
    folder = Path(os.environ.get("PICTURES", tmp_path))

    def take(page: Page, name: str) -> None:
        picture = folder / f"{name}.png"
        page.screenshot(path=picture, clip=SHOWN, animations="disabled", caret="hide")
        assert picture.stat().st_size <= MOST_BYTES
        assert picture.read_bytes()[:24] == (COMMITTED / picture.name).read_bytes()[:24]

    return take


def test_form_uploads_a_picture(page: Page, file: Path, take: Callable[[Page, str], None]) -> None:
    """The form takes a picture, and the item's link shows it."""
    page.goto("/itemslist")
    post = form(page, "POST")
    post.locator("[name=title]").fill("Butter")
    post.locator("[name=picture]").set_input_files(file)
    post.get_by_role("button", name="POST").click()
    expect(reply(page)).to_contain_text("HTTP 201 Created")
    take(page, "upload-api")
    reply(page).get_by_role("link", name="/media/").click()
    expect(page).to_have_url(re.compile(r"/media/items/butter\w*\.png"))
    assert page.locator("img").evaluate("image => image.naturalWidth") == 40


def test_administration_uploads_a_picture(
    superuser: Page, file: Path, take: Callable[[Page, str], None], trouble: Trouble
) -> None:
    """The administration takes a picture, links to it, and takes it away again."""
    superuser.goto("/admin/itemslist/itemlist/add/")
    superuser.get_by_label("Title:").fill("Salted butter")
    salted = file.rename(file.with_name("salted-butter.png"))
    superuser.get_by_label("Picture:").set_input_files(salted)
    superuser.get_by_role("button", name="Save and continue editing").click()
    expect(superuser.locator(".success")).to_contain_text("was added successfully")
    link = superuser.locator(".file-upload").get_by_role("link").get_attribute("href")
    assert superuser.evaluate(FETCH, link) == [200, salted.stat().st_size]
    take(superuser, "upload-admin")
    superuser.get_by_label("Clear").check()
    superuser.get_by_role("button", name="Save and continue editing").click()
    expect(superuser.locator(".success")).to_contain_text("was changed successfully")
    expect(superuser.locator(".file-upload")).to_have_count(0)
    assert superuser.evaluate(FETCH, link)[0] == 404
    trouble.take(superuser, "status of 404")


def test_page_is_no_picture(page: Page, tmp_path: Path, trouble: Trouble) -> None:
    """What only calls itself a picture is refused, with the reason at its field."""
    file = tmp_path / "page.png"
    file.write_text("<!DOCTYPE html><script>alert(1)</script>")
    page.goto("/itemslist")
    post = form(page, "POST")
    post.locator("[name=title]").fill("Page")
    post.locator("[name=picture]").set_input_files(file)
    post.get_by_role("button", name="POST").click()
    expect(form(page, "POST")).to_contain_text("Upload a valid image.")
    trouble.take(page, "status of 400")
