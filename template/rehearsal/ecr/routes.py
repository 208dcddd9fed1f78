"""Which actions of ECR a request of Docker's stands for.

Requests: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
Actions: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

import re
from dataclasses import dataclass

from werkzeug import Request

from template.rehearsal.aws.errors import AwsError

PATH = re.compile(
    r"/v2/(?P<repository>.+?)/"
    r"(?P<kind>manifests|blobs|blobs/uploads|tags)/(?P<reference>[^/]*)"
)
ACTIONS = {
    ("HEAD", "manifests"): "BatchGetImage",
    ("GET", "manifests"): "BatchGetImage",
    ("PUT", "manifests"): "PutImage",
    ("HEAD", "blobs"): "BatchCheckLayerAvailability",
    ("GET", "blobs"): "GetDownloadUrlForLayer",
    ("POST", "blobs/uploads"): "InitiateLayerUpload",
    ("PATCH", "blobs/uploads"): "UploadLayerPart",
    ("PUT", "blobs/uploads"): "CompleteLayerUpload",
    ("GET", "tags"): "ListImages",
}


@dataclass(frozen=True)
class Route:
    """A request of Docker's: the action of ECR, the repository, and the tag that it would set."""

    action: str
    repository: str
    new_tag: str | None

    @property
    def query(self) -> bool:
        """Whether ECR heeds the query; it mounts no layers from other repositories."""
        return self.action != "InitiateLayerUpload"


def route_of(request: Request) -> Route:
    """Raises AwsError for a request that ECR does not know."""
    found = PATH.fullmatch(request.path)
    action = found and ACTIONS.get((request.method, found["kind"]))
    if not action:
        raise AwsError("UNSUPPORTED", f"ECR does not know {request.method} {request.path}.", 405)
    reference = found["reference"]
    is_new_tag = action == "PutImage" and not reference.startswith("sha256:")
    return Route(action, found["repository"], reference if is_new_tag else None)
