"""Amazon ECR's API, answered from the real registry.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
"""

import base64
import hashlib
import json

from template.rehearsal.aws.account import ACCOUNT
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.aws.sessions import caller
from template.rehearsal.ecr.front import Front
from template.rehearsal.ecr.passwords import USER, Passwords
from template.rehearsal.ecr.registry import Manifest
from template.rehearsal.ecr.repositories import Repository

NO_REPOSITORY = ("GetAuthorizationToken",)
OPERATIONS = ("BatchGetImage", "DescribeImages", "PutImage", *NO_REPOSITORY)


class Ecr:
    """The service, with a registry for each region that has one."""

    name = "ecr"

    def __init__(self, passwords: Passwords, fronts: dict[str, Front]):
        self.passwords = passwords
        self.fronts = fronts

    def authorizations(self, operation: str, params: dict) -> list[Authorization]:
        """The operation itself, on its repository. Raises AwsError for one that is not played."""
        if operation not in OPERATIONS:
            raise AwsError(
                "UnknownOperationException",
                f"The rehearsal plays {', '.join(OPERATIONS)} of ECR, but not {operation}.",
            )
        if operation in NO_REPOSITORY:
            return [Authorization(f"ecr:{operation}", "*")]
        return [self._front().wanted(operation, params["repositoryName"])]

    def call(self, operation: str, params: dict) -> dict:
        """Make the call. Raises AwsError for a repository or an image that does not exist."""
        front = self._front()
        if operation == "GetAuthorizationToken":
            return self._token(front)
        repository = front.check_repository(params["repositoryName"])
        if operation == "PutImage":
            return _put(front, repository, params)
        if operation == "BatchGetImage":
            return _images(front, params)
        return {"imageDetails": _details(front, params)}

    def _front(self) -> Front:
        region = caller.get().region
        if region not in self.fronts:
            raise AwsError(
                "ClientException", f"The rehearsal has no registry in the region {region}."
            )
        return self.fronts[region]

    def _token(self, front: Front) -> dict:
        text, password = self.passwords.issue(caller.get())
        token = {
            "authorizationToken": base64.b64encode(f"{USER}:{text}".encode()).decode(),
            "expiresAt": password.expires,
            "proxyEndpoint": f"http://{front.endpoint}",
        }
        return {"authorizationData": [token]}


def _put(front: Front, repository: Repository, params: dict) -> dict:
    """Name a manifest that the registry has the blobs of. Raises AwsError.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
    """
    body = params["imageManifest"].encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    tag = params.get("imageTag", digest)
    if params.get("imageDigest", digest) != digest:
        raise AwsError(
            "ImageDigestDoesNotMatchException",
            f"The specified image digest does not match the digest that Amazon ECR calculated:"
            f" '{digest}'",
        )
    front.check_tag(repository, tag)
    if front.registry.digest(repository.name, tag) == digest:
        raise AwsError(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with"
            f" name '{repository.name}' in registry with id '{ACCOUNT}'",
        )
    media_type = params.get("imageManifestMediaType") or json.loads(body).get("mediaType")
    if not media_type:
        raise AwsError("InvalidParameterException", "The manifest tells no media type.")
    front.registry.put(repository.name, tag, Manifest(digest, media_type, body))
    found = _find(front, repository.name, {"imageDigest": digest})
    return {"image": _image(repository.name, {"imageTag": tag}, found)}


def _images(front: Front, params: dict) -> dict:
    name = params["repositoryName"]
    found = [(wanted, _find(front, name, wanted)) for wanted in params["imageIds"]]
    return {
        "images": [_image(name, wanted, manifest) for wanted, manifest in found if manifest],
        "failures": [_failure(wanted) for wanted, manifest in found if not manifest],
    }


def _image(name: str, wanted: dict, manifest: Manifest) -> dict:
    return {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageId": {**wanted, "imageDigest": manifest.digest},
        "imageManifest": manifest.body.decode(),
        "imageManifestMediaType": manifest.media_type,
    }


def _failure(wanted: dict) -> dict:
    reason = "Requested image not found"
    return {"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": reason}


def _details(front: Front, params: dict) -> list[dict]:
    name = params["repositoryName"]
    tags = front.registry.tags(name)
    wanted = params.get("imageIds") or [
        {"imageDigest": digest} for digest in sorted(set(tags.values()))
    ]
    return [_detail(front, name, each, tags) for each in wanted]


def _detail(front: Front, name: str, wanted: dict, tags: dict[str, str]) -> dict:
    manifest = _find(front, name, wanted)
    if manifest is None:
        raise AwsError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{wanted.get('imageDigest', 'null')}',"
            f" imageTag:'{wanted.get('imageTag', 'null')}'}} does not exist within the repository"
            f" with name '{name}' in the registry with id '{ACCOUNT}'",
        )
    return {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageDigest": manifest.digest,
        "imageTags": [tag for tag, digest in tags.items() if digest == manifest.digest],
        "imageSizeInBytes": _size(manifest),
        "imageManifestMediaType": manifest.media_type,
    }


def _find(front: Front, name: str, wanted: dict) -> Manifest | None:
    reference = wanted.get("imageDigest") or wanted.get("imageTag")
    if not reference:
        raise AwsError("InvalidParameterException", "An imageId needs an imageTag or imageDigest.")
    return front.registry.manifest(name, reference)


def _size(manifest: Manifest) -> int:
    content = json.loads(manifest.body)
    return sum(layer["size"] for layer in content.get("layers", []))
