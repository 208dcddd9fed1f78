"""The project's own pages, whatever applications it has."""

import re
from contextlib import closing
from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient

from itemsAPP.schema import describe_errors

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def loads(page):
    """The scripts and styles that the page loads."""
    return re.findall(r'(?:<script[^>]* src|<link[^>]* href)="([^"]+\.(?:js|css)[^"]*)"', page)


def assert_allowed(page):
    """The Content-Security-Policy allows all that the page does: no script is in the page."""
    for attributes, script in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert "src=" in attributes or "application/json" in attributes or not script.strip()
    assert not re.search(r"<[^>]+\son\w+=", page)
    assert all(url.startswith("/") and not url.startswith("//") for url in loads(page))


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["anonymous", "superuser"])
@pytest.mark.parametrize(
    "url",
    [
        *("/ping", "/api-auth/login/", "/users/", "/docs", "/admin/login/"),
        *("/admin/password_reset/", "/admin/reset/a/b/"),
    ],
)
def test_pages_obey_their_policy(request, who, url):
    """A page loads scripts and styles from here, and each of them is there."""
    client = request.getfixturevalue(who)
    response = client.get(url, headers=BROWSER, follow=True)
    assert response.headers["Content-Type"].startswith("text/html")
    assert_allowed(response.text)
    for file in loads(response.text):
        with closing(client.get(file)) as served:
            assert served.status_code == 200


@pytest.mark.django_db
def test_login_and_logout(make_user):
    """The browsable API logs people in and out with forms."""
    make_user("ann", password="correct horse")
    client = APIClient()
    form = {"username": "ann", "password": "correct horse", "next": "/ping"}
    page = client.post("/api-auth/login/", form, format="multipart", follow=True, headers=BROWSER)
    assert "Log out" in page.text
    page = client.post(reverse("rest_framework:logout"), headers=BROWSER)
    assert "Log out" not in client.get("/ping", headers=BROWSER).text


@pytest.mark.parametrize("model", admin.site._registry, ids=str)
@pytest.mark.parametrize("page", ["changelist", "add"])
@pytest.mark.django_db
def test_admin(superuser, model, page):
    """Every page of the admin opens, with a search where there is one."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    response = superuser.get(reverse(name), {"q": "tea"} if page == "changelist" else {})
    assert response.status_code in (200, 403)  # some may only be looked at
    assert_allowed(response.text)


@pytest.mark.parametrize("url", ["/schema", "/schema/"])
def test_schema_is_served(anonymous, url, monkeypatch):
    """The schema is for anybody, and made once in a while."""
    first = anonymous.get(url, {"format": "json"})
    assert first.json()["openapi"].startswith("3.")
    monkeypatch.setattr("drf_spectacular.generators.SchemaGenerator.get_schema", pytest.fail)
    assert anonymous.get(url, {"format": "json"}).content == first.content


def test_schema_is_valid():
    """The schema is valid, and nothing in it was guessed."""
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_errors_are_described():
    """What an operation says of itself stays, and errors come beside it."""
    responses = {"200": {"description": "A note"}, "404": {"description": "No note"}}
    result = {"paths": {"/notes/": {"get": {"responses": dict(responses)}}}}
    found = describe_errors(result)["paths"]["/notes/"]["get"]["responses"]
    assert responses.items() <= found.items()
    assert {"400", "403", "409", "413", "429"} <= set(found)


@pytest.mark.parametrize("url", ["/docs", "/docs/"])
def test_docs(anonymous, url):
    """The page of the documentation has its script in a file, which reads our own schema."""
    assert anonymous.get(url, headers=BROWSER).status_code == 200
    script = anonymous.get(url, {"script": ""})
    assert "javascript" in script.headers["Content-Type"]
    assert reverse("schema") in script.text
    assert anonymous.options(url).status_code == 405
