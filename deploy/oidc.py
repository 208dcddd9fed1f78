"""The OIDC token that GitHub gives a job: what it says, and trying it on AWS."""

import base64
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from deploy.errors import SetupError

AUDIENCE = "sts.amazonaws.com"


def request_token(environment: Mapping[str, str]) -> str:
    """Return the job's token, as configure-aws-credentials gets it. Never print it."""
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in environment:
        raise SetupError(
            "GitHub gives this job no token.", "Give the job the permission `id-token: write`."
        )
    url = urlsplit(environment["ACTIONS_ID_TOKEN_REQUEST_URL"])
    connection = (HTTPSConnection if url.scheme == "https" else HTTPConnection)(
        url.netloc, timeout=30
    )
    headers = {"Authorization": f"bearer {environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    connection.request("GET", f"{url.path}?{url.query}&audience={AUDIENCE}", headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise SetupError(
            f"GitHub gave no token: HTTP {response.status}.", "Run this workflow again."
        )
    return json.loads(body)["value"]


def claims_of(token: str) -> dict:
    """Return what a token says. Its signature is for AWS to check."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@contextmanager
def assumed(role: str, token: str) -> Iterator[None]:
    """Let the AWS CLI assume a role with the token, from a file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "token")
        file.touch(mode=0o600)
        file.write_text(token)
        names = {
            "AWS_ROLE_ARN": role,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            "AWS_ROLE_SESSION_NAME": "doctor",
        }
        os.environ.update(names)
        try:
            yield
        finally:
            for name in names:
                del os.environ[name]
