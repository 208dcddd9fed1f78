"""What a client gets wrong is a 4xx that names the field, wherever an item can be written."""

import json

import pytest
from django.db import DataError
from rest_framework import status
from tests.app.factories import ItemFactory

from itemsAPP.middleware import ClientErrorMiddleware
from itemslist.models import ItemList

REQUIRED = "This field is required."
NO_STRING = "Not a valid string."
WRONG_FIELDS = [
    ({}, {"title": [REQUIRED]}),
    ({"content": "no title"}, {"title": [REQUIRED]}),
    ({"title": ""}, {"title": ["This field may not be blank."]}),
    ({"title": " \t"}, {"title": ["This field may not be blank."]}),
    ({"title": None}, {"title": ["This field may not be null."]}),
    ({"title": "a" * 251}, {"title": ["Ensure this field has no more than 250 characters."]}),
    ({"title": ["a"]}, {"title": [NO_STRING]}),
    ({"title": {"a": 1}}, {"title": [NO_STRING]}),
    ({"title": True}, {"title": [NO_STRING]}),
    ({"title": "a\0b"}, {"title": ["Null characters are not allowed."]}),
    ({"title": "a", "content": "\0"}, {"content": ["Null characters are not allowed."]}),
    ({"title": "\ud800"}, {"title": ["Surrogate characters are not allowed: U+D800."]}),
    ({"title": "a", "content": None}, {"content": ["This field may not be null."]}),
    ({"content": []}, {"title": [REQUIRED], "content": [NO_STRING]}),
    ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    (1, {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}),
]
BROKEN_BODIES = [
    b"{",
    b"",
    b"title=a",
    b'{"title": "\xff"}',
    b'{"title": NaN}',
    b'{"title": ' + b"9" * 5000 + b"}",
    b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"title": ' + b"[" * 900 + b"]" * 900 + b"}",
    b"[" * 900 + b"]" * 900,
]


@pytest.fixture(params=["/itemslist/", "/itemslist/<pk>/", "/item/", "/item/<pk>/"])
def write(request, user):
    """A function that sends a body to an address where an item is created or updated."""
    method = user.put if "<pk>" in request.param else user.post
    address = request.param.replace("<pk>", str(ItemFactory().pk))
    yield lambda *args, **kwargs: method(address, *args, **kwargs)
    assert list(ItemList.objects.values_list("title", flat=True)) == [ItemList.objects.get().title]


@pytest.mark.parametrize(("body", "errors"), WRONG_FIELDS)
def test_wrong_field(write, body, errors):
    """A field that cannot be stored is refused by its name with 400, and nothing is written."""
    response = write(json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()) == (status.HTTP_400_BAD_REQUEST, errors)


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=range(len(BROKEN_BODIES)))
def test_broken_body(write, body):
    """What is no JSON, or JSON that nobody means, is refused with 400 and a reason."""
    response = write(body, content_type="application/json")
    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert response.json()
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "nonsense"])
def test_unsupported_media_type(write, media_type):
    """A body in a format that nobody reads is refused with 415."""
    response = write("title", content_type=media_type)
    assert response.status_code == status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    assert response.json() == {"detail": f'Unsupported media type "{media_type}" in request.'}


@pytest.mark.parametrize("length", [1, 250])
def test_longest_title(user, length):
    """A title of 250 characters is taken, whatever the characters are."""
    response = user.post("/itemslist/", {"title": "🍵" * length}, format="json")
    assert response.status_code == status.HTTP_201_CREATED
    assert ItemList.objects.get().title == "🍵" * length


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/itemslist/-1", "/itemslist/a", "/itemslist/1.5", "/item/%00", "/itemslist/" + "9" * 5000]
    + [f"/itemslist/{pk}" for pk in (0, 2**63 - 1, 2**63, 2**64, 10**30)],
)
def test_impossible_id(user, address):
    """An id that no item can have is one that no item has: 404."""
    assert user.get(address).status_code == status.HTTP_404_NOT_FOUND
    assert user.delete(address).status_code == status.HTTP_404_NOT_FOUND


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/itemslist/", "/users/", "/ping/", "/admin/"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic YQBiOmM="},
        {"Authorization": "Basic !"},
        {"Cookie": 'sessionid="abcdefgh\\000ijkl"'},
        {"Cookie": "sessionid=" + "a" * 4000},
    ],
    ids=["NUL in the name", "no base64", "NUL in the session", "long session"],
)
def test_hostile_credentials(anonymous, address, headers):
    """Credentials that the database could not even look up are wrong, and break nothing."""
    response = anonymous.get(address, headers=headers)
    assert response.status_code < status.HTTP_500_INTERNAL_SERVER_ERROR


@pytest.mark.django_db
def test_unacceptable_format(anonymous):
    """A format that nobody writes is refused with 406 by its header, and 404 by its parameter."""
    response = anonymous.get("/itemslist/", headers={"Accept": "image/png"})
    assert response.status_code == status.HTTP_406_NOT_ACCEPTABLE
    assert anonymous.get("/itemslist/?format=png").status_code == status.HTTP_404_NOT_FOUND


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/itemslist/", "/users/", "/docs/", "/admin/"])
@pytest.mark.parametrize(
    "query",
    [
        *[
            "%00",
            "%ff=%fe",
            "a" * 8000,
            "&".join("a" * 2000),
            "a[b][c]=1",
            "=&=&=",
            "page_size[]=1",
        ],
        *[
            "cursor=cD0xJnI9MQ%3D%3D%00",
            "format=%00",
            "q=%00",
            "o=999999",
            "p=-1",
            "e=1",
            "_popup=\x00",
        ],
        *[
            "lang=../../etc/passwd",
            "lang=%00",
            "version=9",
            "script=%3Cscript%3E",
            "next=//evil.example",
        ],
    ],
)
def test_absurd_query(user, superuser, address, query):
    """Whatever the query is, the answer is no server error, and leads nowhere else."""
    for client in (user, superuser):
        response = client.get(f"{address}?{query}")
        assert response.status_code < status.HTTP_500_INTERNAL_SERVER_ERROR
        assert "evil.example" not in response.headers.get("Location", "").partition("?")[0]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json; charset=utf-16", b'{"title": "a"}'),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 2000)),
        ("application/x-www-form-urlencoded; charset=nonsense", b"content=%ff"),
        ("application/x-www-form-urlencoded", b"title=%00"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
        ("multipart/form-data; boundary=" + "x" * 3000, b"--x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="title"; filename="a"\r\n\r\na\r\n--x--',
        ),
    ],
    ids=range(9),
)
def test_broken_form(write, media_type, body):
    """A form or a character set that makes no sense is refused with 400 or 415."""
    response = write(body, content_type=media_type)
    assert response.status_code in (
        status.HTTP_400_BAD_REQUEST,
        status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    )
    assert response.headers["Content-Type"] == "application/json"


def test_what_the_database_cannot_read_is_the_clients_fault(rf):
    """Data that PostgreSQL refuses to read, wherever it is noticed, is answered with 400."""
    middleware = ClientErrorMiddleware(lambda _: None)
    assert middleware.process_exception(rf.get("/"), DataError()).status_code == 400
