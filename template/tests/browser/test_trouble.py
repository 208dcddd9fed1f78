"""What a browser complains about does not go unnoticed, and pages fit a phone."""

import pytest
from playwright.sync_api import BrowserContext, Page

from template.tests import exhaustive
from template.tests.browser.trouble import DISTURBANCE, Trouble, undisturbed, unlabelled

PHONE = {"width": 375, "height": 667}


@exhaustive.MARK
@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.warn('old')", "warning: old"),
        ("setTimeout(() => { throw new Error('broken') })", "exception: broken"),
        ("fetch('/', {signal: AbortSignal.timeout(1)}).catch(() => 0)", "failed: "),
        ("new Image().src = 'http://[::1]/x.png'", "error: img-src forbids http://[::1]/x.png"),
    ],
)
def test_complaint_is_noted(page: Page, trouble: Trouble, script: str, complaint: str) -> None:
    """Warnings, exceptions, lost requests and what the policy forbids are trouble."""
    page.goto("/")
    page.evaluate(f"() => {{ {script} }}")
    trouble.take(page, complaint)
    trouble.clear()


@exhaustive.MARK
@pytest.mark.parametrize("times", [0, 1, 3])
def test_disturbance_is_overcome(context: BrowserContext, times: int) -> None:
    """What a change of the network has disturbed is done again, unless it always is."""
    trouble, left = Trouble(context), [DISTURBANCE] * times

    def act() -> None:
        trouble.extend(left[-1:])
        assert not left or not left.pop()

    undisturbed(act, context, trouble)
    assert trouble == left == []


@exhaustive.MARK
@pytest.mark.parametrize("complaint", [DISTURBANCE, "error"])
def test_failure_is_a_failure(context: BrowserContext, complaint: str) -> None:
    """What fails for other reasons, or each time, fails."""
    trouble, calls = Trouble(context), []

    def act() -> None:
        calls.append(complaint)
        trouble.append(complaint)
        raise AssertionError(complaint)

    with pytest.raises(AssertionError):
        undisturbed(act, context, trouble)
    assert len(calls) == (4 if complaint == DISTURBANCE else 1)


def test_field_without_a_label_is_found(page: Page) -> None:
    """A field that has no label is found, and one that has is not."""
    page.set_content("<label>Title <input></label><input name=content>")
    assert unlabelled(page) == ['<input name="content">']


@pytest.mark.parametrize("path", ["/ping", "/itemslist", "/docs/", "/admin/itemslist/itemlist/"])
def test_page_fits_a_phone(superuser: Page, path: str) -> None:
    """On a phone nothing sticks out at the side."""
    superuser.set_viewport_size(PHONE)
    superuser.goto(path, wait_until="networkidle")
    assert superuser.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_bar_covers_nothing_on_a_phone(superuser: Page) -> None:
    """On a phone the bar with name and log-out ends where the page begins."""
    superuser.set_viewport_size(PHONE)
    superuser.goto("/itemslist")
    bar = superuser.locator(".navbar").bounding_box() or {}
    path = superuser.locator(".breadcrumb").bounding_box() or {}
    assert bar["y"] + bar["height"] <= path["y"]
