"""In a browser every address of the API is a styled page, with forms for what one may do."""

import base64
import re

import pytest
from rest_framework import status
from tests.app.factories import GroupFactory, ItemFactory
from tests.app.people import person

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ROOT = {name: f"http://testserver/{name}/" for name in ("users", "groups", "item")}


@pytest.mark.parametrize("address", ["/", "/ping", "/ping/"])
def test_root(anonymous, django_assert_num_queries, address):
    """The API root leads to the accounts, the groups and the items."""
    with django_assert_num_queries(0):
        response = anonymous.get(address)
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, ROOT)


@pytest.mark.parametrize("address", ["/ping", "/itemslist", "/itemslist/<pk>", "/users", "/item"])
@pytest.mark.parametrize("role", ["anonymous", "superuser"])
def test_page_is_styled(request, role, address):
    """The page and everything that it loads are served."""
    client = request.getfixturevalue(role)
    page = client.get(address.replace("<pk>", str(ItemFactory().pk)), headers=BROWSER)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert {file.rpartition(".")[2] for file in files} == {"css", "js"}
    for file in files:
        assert b"".join(client.get(file).streaming_content)


def test_forms_show_what_one_may_do(anonymous, superuser, settings):
    """Somebody anonymous sees the forms of the items, until ANONYMOUS_WRITES is off."""
    assert 'method="POST"' in anonymous.get("/itemslist/", headers=BROWSER).text
    settings.ANONYMOUS_WRITES = False
    assert 'method="POST"' not in anonymous.get("/itemslist/", headers=BROWSER).text
    assert 'name="title"' in superuser.get("/itemslist/", headers=BROWSER).text


def test_pages_turn(anonymous):
    """A page that is not the last has a button to the next one."""
    ItemFactory.create_batch(2)
    page = anonymous.get("/itemslist/?page_size=1", headers=BROWSER)
    assert 'class="pager"' in page.text


def test_page_of_an_account_costs_few_queries(superuser, django_assert_max_num_queries):
    """The page of an account, with its choice of groups, costs no query for each group."""
    account = person("user")
    GroupFactory.create_batch(30)
    with django_assert_max_num_queries(12):
        page = superuser.get(f"/users/{account.pk}/", headers=BROWSER)
    assert page.text.count("<option") >= 30


def test_broken_form_says_why(anonymous):
    """A form that was filled in wrongly comes back with the reason beside its field."""
    page = anonymous.post("/itemslist/", {"title": ""}, headers=BROWSER, format="multipart")
    assert page.status_code == status.HTTP_400_BAD_REQUEST
    assert "This field may not be blank." in page.text


def test_options_describe(anonymous):
    """OPTIONS tells the fields of an item, and their bounds."""
    actions = anonymous.options("/itemslist/").json()["actions"]
    assert actions["POST"]["title"]["max_length"] == 250
    assert actions["POST"]["title"]["required"] is True


def test_password_in_the_header(anonymous):
    """Programs may sign each request with name and password instead of a session."""
    user = person("user")
    user.set_password("correct horse")
    user.save()
    for password, code in [("correct horse", 200), ("wrong", 403)]:
        credentials = base64.b64encode(f"{user.username}:{password}".encode()).decode()
        response = anonymous.get("/item/", headers={"Authorization": f"Basic {credentials}"})
        assert response.status_code == code
