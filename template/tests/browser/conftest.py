"""The application as it is served for real, and one browser that looks at it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from template.rehearsal.machine import free_port
from template.tests.app.commands import INHERITED, REPOSITORY, manage, wait_for
from template.tests.browser.trouble import Trouble, undisturbed

# What people type, and what pictures show, whatever port the server has.
ADDRESS = "http://127.0.0.1:8000"
NAME, FORGETFUL, PASSWORD = "ann", "bob", "correct horse"
DESKTOP = {"width": 960, "height": 660}
PATIENCE = 120_000  # milliseconds, on a machine that is busy with other tests


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Repeat a test that a change of the machine's network has disturbed."""
    values = pyfuncitem.funcargs
    if "trouble" not in values:
        return None
    arguments = {name: values[name] for name in pyfuncitem._fixtureinfo.argnames}
    undisturbed(lambda: pyfuncitem.obj(**arguments), values["context"], values["trouble"])
    return True


@pytest.fixture(scope="package")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the web server prints, mail among it."""
    return tmp_path_factory.mktemp("printed") / "stdout"


@pytest.fixture(scope="package")
def port(tmp_path_factory: pytest.TempPathFactory, printed: Path) -> Iterator[int]:
    """The port of the web server, with the image's kind of static files, and two superusers."""
    folder = tmp_path_factory.mktemp("browser")
    port = free_port()
    environment = {"DATA_DIR": str(folder / "data"), "STATIC_ROOT": str(folder / "static")}
    manage("collectstatic", "--noinput", **environment)
    path = os.pathsep.join(map(str, (REPOSITORY / "src", REPOSITORY)))
    served = {"PORT": str(port), "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "itemsAPP.settings"}
    with (
        printed.open("w") as stdout,
        subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config=deploy/gunicorn.conf.py", "itemsAPP.wsgi"],
            cwd=REPOSITORY,
            env=INHERITED | environment | served,
            stdout=stdout,
        ) as server,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/health/live")
            for name in (NAME, FORGETFUL):
                account = ("--noinput", f"--username={name}", f"--email={name}@example.com")
                password = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
                manage("createsuperuser", *account, **password, **environment)
            yield port
        finally:
            server.terminate()


@pytest.fixture(scope="package")
def browser(chromium: str, port: int) -> Iterator[Browser]:
    """A browser that finds the web server at the address that people type.

    Ends with the package: while Playwright runs, Django takes the thread for an asynchronous one.
    """
    expect.set_options(timeout=PATIENCE)
    rules = f"--host-resolver-rules=MAP {ADDRESS.removeprefix('http://')} 127.0.0.1:{port}"
    # Playwright starts it without its sandbox, which root cannot have.
    options = {"executable_path": chromium, "args": [rules]}
    with sync_playwright() as driver, driver.chromium.launch(**options) as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A person's window, with no cookies."""
    context = browser.new_context(base_url=ADDRESS, viewport=DESKTOP, color_scheme="light")
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def trouble(context: BrowserContext) -> Iterator[Trouble]:
    """What went wrong in the pages; in the end nothing may be left of it."""
    trouble = Trouble(context)
    yield trouble
    assert trouble == []


@pytest.fixture
def page(context: BrowserContext, trouble: Trouble) -> Page:
    """A page of somebody who is not signed in."""
    return context.new_page()


def sign_in(page: Page) -> Page:
    """Fill in the form of the login that is shown."""
    page.get_by_label("Username:").fill(NAME)
    page.get_by_label("Password:").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


@pytest.fixture(scope="package")
def cookies(browser: Browser) -> list:
    """The cookies of somebody who signed in."""
    with browser.new_context(base_url=ADDRESS) as context:
        page = context.new_page()
        page.goto("/api-auth/login/")
        sign_in(page)
        expect(page.get_by_role("navigation").first).to_contain_text(NAME)
        return context.cookies()


@pytest.fixture
def superuser(context: BrowserContext, page: Page, cookies: list) -> Page:
    """A page of somebody who is signed in, and may do everything."""
    context.add_cookies(cookies)
    return page
