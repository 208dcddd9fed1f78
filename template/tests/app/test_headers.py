"""The headers that tell a browser what a page may do."""

import pytest
from rest_framework import status

POLICY = {
    "default-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("/", status.HTTP_200_OK),
        ("/itemslist", status.HTTP_200_OK),
        ("/docs", status.HTTP_200_OK),
        ("/admin/login/", status.HTTP_200_OK),
        ("/admin/", status.HTTP_302_FOUND),
        ("/item", status.HTTP_403_FORBIDDEN),
        ("/nowhere", status.HTTP_404_NOT_FOUND),
        ("/favicon.ico", status.HTTP_200_OK),
    ],
)
def test_every_answer_carries_the_policies(client, address, code):
    """Pages and errors run no script but ours, may be framed by nobody, and use no device."""
    response = client.head(address, headers={"Accept": "text/html"})
    assert response.status_code == code
    sent = response.headers["Content-Security-Policy"]
    assert dict(part.split(" ", 1) for part in sent.split("; ")) == POLICY
    assert "camera=(), geolocation=()" in response.headers["Permissions-Policy"]
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_wrong_host_gets_the_policies(client):
    """Even a request for another host is answered with the policies."""
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert "Content-Security-Policy" in response


@pytest.mark.django_db
def test_broken_page_carries_the_policies(client, monkeypatch):
    """A server error is answered with the policies."""
    client.raise_request_exception = False
    monkeypatch.setattr("itemslist.views.ItemsListView.get_queryset", lambda view: 1 / 0)
    response = client.get("/itemslist/")
    assert response.status_code == status.HTTP_500_INTERNAL_SERVER_ERROR
    assert "Content-Security-Policy" in response


def test_probe_is_answered_without_ado(client):
    """The load balancer's probe is answered before all that."""
    response = client.get("/health/live", headers={"Host": "10.0.0.1"})
    assert response.status_code == status.HTTP_200_OK
    assert "Content-Security-Policy" not in response


def test_logging_out_needs_no_script(user):
    """The pages have a button to log out, and no handler in their HTML."""
    page = user.get("/itemslist/", headers={"Accept": "text/html"})
    assert 'action="/api-auth/logout/?next=/itemslist/"' in page.text
    assert " onclick=" not in page.text
    assert user.post("/api-auth/logout/?next=/itemslist/").url == "/itemslist/"
    assert user.get("/item/").status_code == status.HTTP_403_FORBIDDEN
