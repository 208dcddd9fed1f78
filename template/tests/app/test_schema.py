"""The OpenAPI schema, and the page that shows it."""

from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from rest_framework import status

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def schema():
    """The schema as a file; the command fails on whatever is unclear or not valid."""
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return yaml.safe_load(out.getvalue())


def test_schema_lists_every_operation(schema):
    """Every verb of every address of the API is there, under a name of its own."""
    operations = {path: set(verbs) for path, verbs in schema["paths"].items()}
    members = {"get", "put", "patch", "delete"}
    assert operations == {
        "/": {"get"},
        "/ping/": {"get"},
        **{f"/{name}/": {"get", "post"} for name in ("users", "groups", "item")},
        **{f"/{name}/{{id}}/": members for name in ("users", "groups", "item")},
        "/itemslist/": {"get", "post", "put"},
        "/itemslist/{id}/": members | {"post"},
    }
    names = [verb["operationId"] for verbs in schema["paths"].values() for verb in verbs.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("path", "verb", "codes"),
    [
        ("/itemslist/", "get", "200 400 403 404 406 429"),
        ("/itemslist/", "put", "201 400 403 404 406 409 413 415 429"),
        ("/itemslist/{id}/", "post", "200 400 403 404 406 409 413 415 429"),
        ("/users/{id}/", "delete", "204 403 404 406 409 429"),
    ],
)
def test_schema_lists_every_status(schema, path, verb, codes):
    """PUT creates, POST on an item updates, and each error is there."""
    assert sorted(schema["paths"][path][verb]["responses"]) == codes.split()


def test_schema_describes_pages(schema):
    """A list is an array with a Link header, and takes a cursor and a size from 1."""
    operation = schema["paths"]["/item/"]["get"]
    response = operation["responses"]["200"]
    reference = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert schema["components"]["schemas"][reference]["type"] == "array"
    assert "Link" in response["headers"]
    parameters = {found["name"]: found["schema"] for found in operation["parameters"]}
    assert parameters["cursor"] == {"type": "string"}
    assert parameters["page_size"] == {"type": "integer", "minimum": 1}


@pytest.mark.parametrize("writes", [True, False])
def test_schema_knows_who_may_write(settings, writes):
    """Strangers may read the items by the schema, and write them where ANONYMOUS_WRITES is on."""
    settings.ANONYMOUS_WRITES = writes
    out = StringIO()
    call_command("spectacular", stdout=out)
    paths = yaml.safe_load(out.getvalue())["paths"]
    assert {} in paths["/itemslist/"]["get"]["security"]
    assert ({} in paths["/itemslist/"]["post"]["security"]) == writes
    assert {} not in paths["/item/"]["get"]["security"]


@pytest.mark.parametrize("address", ["/schema", "/schema/?format=json"])
def test_schema_is_served(client, address):
    """The schema is served to anybody, as YAML and as JSON."""
    response = client.get(address)
    assert response.status_code == status.HTTP_200_OK
    assert yaml.safe_load(response.content)["openapi"].startswith("3.")


@pytest.mark.parametrize("address", ["/docs", "/docs/"])
def test_page_loads_from_here(client, address):
    """The page takes its scripts and styles from this service, and the schema too."""
    page = client.get(address, headers=BROWSER)
    assert page.status_code == status.HTTP_200_OK
    assert "http" not in page.text.replace("http-equiv", "")
    script = client.get(f"{address}?script=", headers={"Accept": "*/*"})
    assert script.headers["Content-Type"] == "application/javascript"
    assert 'url: "/schema/"' in script.text
