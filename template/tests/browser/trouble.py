"""What a browser complains about, and nobody would see."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request

# What Chromium drops its connections with when a container starts or stops on the same machine.
DISTURBANCE = "ERR_NETWORK_CHANGED"

PATIENCE = 600  # tenths of a second that a busy machine may take

# Chromium's own line in the console names neither the page nor the directive of each violation.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", event => console.error(
  `${event.violatedDirective} forbids ${event.blockedURI} on ${event.documentURI}`));
"""


class Trouble(list[str]):
    """Errors and warnings of all pages of a browser's context, as one line each."""

    def __init__(self, context: BrowserContext) -> None:
        super().__init__()
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self.note_message)
        context.on("requestfailed", self.note_failure)
        context.on("weberror", lambda error: self.append(f"exception: {error.error}"))

    def note_message(self, message: ConsoleMessage) -> None:
        """Note a line of the console, unless it is only information."""
        if message.type in ("error", "warning"):
            self.append(f"{message.type}: {message.text}")

    def note_failure(self, request: Request) -> None:
        """Note a request that got no answer."""
        self.append(f"failed: {request.url} {request.failure}")

    def take(self, page: Page, words: str) -> None:
        """Wait for the first line with the words, which is trouble no more.

        Raises AssertionError when none comes.
        """
        for _ in range(PATIENCE):
            if found := [line for line in self if words in line]:
                self.remove(found[0])
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"There is no {words!r} in {self}.")

    @property
    def disturbed(self) -> bool:
        """Whether the machine's own network changed under the browser."""
        return any(DISTURBANCE in line for line in self)


def undisturbed(
    act: Callable[[], object], context: BrowserContext, trouble: Trouble, attempts: int = 4
) -> None:
    """Do it, and again from its beginning where the machine's network changed meanwhile."""
    cookies = context.cookies()
    try:
        act()
    except (AssertionError, Error):
        if attempts == 1 or not trouble.disturbed:
            raise
    if trouble.disturbed and attempts > 1:
        trouble.clear()
        context.clear_cookies()
        context.add_cookies(cookies)
        undisturbed(act, context, trouble, attempts - 1)


def unlabelled(page: Page) -> list[str]:
    """The form's fields of a page that a screen reader could not name, as HTML."""
    return page.evaluate("""
        [...document.querySelectorAll("input:not([type=hidden], [type=submit]), select, textarea")]
          .filter(field => !field.labels.length && !field.ariaLabel && !field.title)
          .map(field => field.outerHTML)
    """)
