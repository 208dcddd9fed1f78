"""The commands that people type, in a shell without any of our variables."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from rest_framework import status

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.app.commands import (
    copy_of_the_application,
    manage,
    python,
    runserver,
    wait_for,
)
from tests.conftest import PRODUCTION


def test_first_steps(tmp_path):
    """`migrate` and `runserver` in a fresh copy serve the sample, with styled pages."""
    folder = copy_of_the_application(tmp_path)
    assert "Applying itemslist.0001_initial... OK" in manage("migrate", folder=folder)
    assert {file.name for file in (folder / "data").iterdir()} == {"db.sqlite3", "secret-key"}
    with runserver(folder=folder) as address, requests.Session() as browser:
        browser.headers["Accept"] = "text/html"
        page = browser.get(f"{address}/ping")
        assert page.status_code == status.HTTP_200_OK
        styles = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
        for style in styles:
            assert "{" in browser.get(address + style).text
        assert len(styles) >= 4
        created = browser.put(f"{address}/itemslist", {"title": "tea"})
        assert created.status_code == status.HTTP_201_CREATED
        assert browser.get(f"{address}/admin").status_code == status.HTTP_200_OK
    write_ahead = (folder / "data/db.sqlite3").read_bytes()[18:20]  # sqlite.org/fileformat.html
    assert write_ahead == b"\x02\x02"
    with runserver(folder=folder) as address, requests.Session() as browser:
        assert [item["title"] for item in browser.get(f"{address}/itemslist").json()] == ["tea"]


@exhaustive.MARK
def test_writers_wait_for_each_other(tmp_path):
    """Many who write to the SQLite of the demo at once all succeed."""
    folder = copy_of_the_application(tmp_path)
    manage("migrate", folder=folder)
    with (
        runserver(folder=folder) as address,
        requests.Session() as browser,
        ThreadPoolExecutor(8) as pool,
    ):
        write = partial(browser.put, f"{address}/itemslist")
        answers = [
            future.result() for future in [pool.submit(write, {"title": n}) for n in range(64)]
        ]
        assert {answer.status_code for answer in answers} == {status.HTTP_201_CREATED}
        assert len(browser.get(f"{address}/itemslist").json()) == 64


def test_production_checks_are_clean():
    """Django's own checks for deployment find nothing, with no database to be reached."""
    manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)


@pytest.mark.parametrize("command", ["check", "runserver", "migrate"])
def test_production_refuses_to_start(command):
    """No command runs on an incomplete configuration; the error ends with what is missing."""
    with pytest.raises(subprocess.CalledProcessError) as error:
        manage(command, DATABASE_URL=PRODUCTION["DATABASE_URL"])
    last = error.value.stderr.splitlines()[-1]
    assert "'SECRET_KEY': ['Environment variable not set.']" in last
    assert "'ALLOWED_HOSTS': ['Environment variable not set.']" in last


@exhaustive.MARK
def test_static_files_are_collected_with_a_key_only(tmp_path):
    """`collectstatic` as in the image's build needs a key and two folders, and no database."""
    root = tmp_path / "static"
    folders = {"STATIC_ROOT": str(root), "DATA_DIR": str(tmp_path / "data")}
    manage("collectstatic", "--noinput", SECRET_KEY="build", **folders)
    manifest = json.loads((root / "staticfiles.json").read_text())
    style = manifest["paths"]["rest_framework/css/default.css"]
    assert re.fullmatch(r"rest_framework/css/default\.[0-9a-f]{12}\.css", style)
    assert (root / f"{style}.gz").exists()
    with runserver(SECRET_KEY="any", **folders) as address, requests.Session() as browser:
        browser.headers["Accept"] = "text/html"
        file = browser.get(f"{address}/static/{style}")
        assert file.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        assert style in browser.get(f"{address}/ping").text


def test_what_is_off_is_not_loaded():
    """What no variable has switched on costs no memory, nor do pictures before there is one."""
    code = (
        "import sys, itemsAPP.wsgi, itemsAPP.urls;"
        "print({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:]))"
    )
    heavy = ("PIL", "anymail", "boto3", "botocore", "redis", "sentry_sdk", "storages")
    assert python("-c", code, *heavy, **PRODUCTION) == "set()\n"
    assert python("-c", f"import {heavy[0]}; {code}", *heavy, **PRODUCTION) == "{'PIL'}\n"


def test_server_that_does_not_answer_is_noticed():
    """Waiting for a server that does not come ends."""
    with pytest.raises(TimeoutError, match="does not answer"):
        wait_for(f"http://127.0.0.1:{free_port()}", seconds=0.2)
