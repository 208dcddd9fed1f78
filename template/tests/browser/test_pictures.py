"""The pictures in the README are taken of the application, and can be taken again."""

import os
import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from template.tests import exhaustive

COMMITTED = Path(__file__).parents[3] / "docs/images"
# The address, and what the page has to show before its picture is taken.
PAGES = {
    "ping": ("/ping", ".response-info"),
    "itemslist": ("/itemslist", ".tab-pane.active"),
    "docs": ("/docs/", ".opblock"),
}
MOST_BYTES = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pictures go: SCREENSHOTS, else nowhere that lasts."""
    return Path(os.environ.get("SCREENSHOTS", tmp_path))


@pytest.fixture(scope="package")
def shopping(port: int) -> None:
    """An item, so that there is something to see."""
    item = {"title": "Milk", "content": "2 litres"}
    requests.post(f"http://127.0.0.1:{port}/itemslist", json=item, timeout=60).raise_for_status()


@exhaustive.MARK
@pytest.mark.usefixtures("shopping")
@pytest.mark.parametrize("name", PAGES)
def test_picture_is_taken(page: Page, folder: Path, name: str) -> None:
    """A picture of the page is as large as the one in the repository, and light."""
    address, content = PAGES[name]
    page.goto(address)
    page.locator(content).first.wait_for()
    picture = folder / f"{name}.png"
    page.screenshot(path=picture, animations="disabled", caret="hide")
    assert picture.stat().st_size <= MOST_BYTES
    assert picture.read_bytes()[:24] == (COMMITTED / picture.name).read_bytes()[:24]


def test_readme_shows_the_pictures() -> None:
    """The README shows each picture and says in words what is on it, and each is light."""
    readme = (COMMITTED.parents[1] / "README.md").read_text()
    shown = re.findall(r"!\[[^\]]{10,}\]\(docs/images/(\w+)\.png\)", readme)
    assert sorted(shown) == sorted(PAGES) == sorted(file.stem for file in COMMITTED.iterdir())
    assert max(file.stat().st_size for file in COMMITTED.iterdir()) <= MOST_BYTES
