"""Each request of Docker's is one action of ECR."""

import pytest
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.ecr.routes import Route, route_of

DIGEST = "sha256:" + "a" * 64


def route(method, path):
    """The route of a request."""
    return route_of(Request(EnvironBuilder(path=path, method=method).get_environ()))


@pytest.mark.parametrize(
    ("method", "path", "action", "tag"),
    [
        ("HEAD", "/v2/app/manifests/latest", "BatchGetImage", None),
        ("GET", f"/v2/app/manifests/{DIGEST}", "BatchGetImage", None),
        ("PUT", "/v2/app/manifests/latest", "PutImage", "latest"),
        ("PUT", f"/v2/app/manifests/{DIGEST}", "PutImage", None),
        ("HEAD", f"/v2/app/blobs/{DIGEST}", "BatchCheckLayerAvailability", None),
        ("GET", f"/v2/app/blobs/{DIGEST}", "GetDownloadUrlForLayer", None),
        ("POST", "/v2/app/blobs/uploads/", "InitiateLayerUpload", None),
        ("PATCH", "/v2/app/blobs/uploads/1", "UploadLayerPart", None),
        ("PUT", "/v2/app/blobs/uploads/1", "CompleteLayerUpload", None),
        ("GET", "/v2/app/tags/list", "ListImages", None),
    ],
)
def test_action(method, path, action, tag):
    """Reading, checking, uploading and tagging are different actions."""
    assert route(method, path) == Route(action, "app", tag)


def test_repository_names_have_slashes():
    """A repository's name may have several parts."""
    assert route("GET", "/v2/a/blobs/b/manifests/latest").repository == "a/blobs/b"


def test_layers_are_not_mounted():
    """Only the query that starts an upload, which would mount a layer, is left out."""
    assert not route("POST", "/v2/app/blobs/uploads/?mount=x&from=y").query
    assert route("PUT", "/v2/app/blobs/uploads/1?digest=x").query


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v2/app/manifests/latest"),
        ("GET", "/v2/_catalog"),
        ("GET", "/v1/app/manifests/latest"),
        ("GET", f"/v2/app/referrers/{DIGEST}"),
    ],
)
def test_other_requests_are_refused(method, path):
    """What ECR's registry does not know, or no pipeline needs, is refused."""
    with pytest.raises(AwsError, match=path) as error:
        route(method, path)
    assert (error.value.code, error.value.status) == ("UNSUPPORTED", 405)
