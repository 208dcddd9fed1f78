"""The double of the issuer that signs identity tokens for GitHub Actions.

Claims: https://docs.github.com/en/actions/reference/security/oidc
"""

import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm
from werkzeug import Request, Response
from werkzeug.exceptions import Forbidden, HTTPException, NotFound, Unauthorized

ISSUER = "https://token.actions.githubusercontent.com"
LIFETIME = timedelta(minutes=5)
BACKDATED = timedelta(minutes=10)
COMMIT = "0" * 40


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub, by its names and by its numbers."""

    owner: str = "octo-org"
    owner_id: str = "1000001"
    name: str = "django-crud-app"
    id: str = "2000002"

    @property
    def full_name(self) -> str:
        """OWNER/NAME."""
        return f"{self.owner}/{self.name}"

    def subject(self, *, immutable: bool) -> str:
        """How a token's subject begins; without numbers in repositories from before July 2026."""
        if immutable:
            return f"repo:{self.owner}@{self.owner_id}/{self.name}@{self.id}"
        return f"repo:{self.full_name}"


@dataclass(frozen=True)
class Job:
    """The job that asks for a token. `workflow` is the file that was triggered, `called` the
    reusable one that the job is in, if another; `contents` says whether it may read them."""

    environment: str | None
    event: str
    ref: str
    id_token: bool
    contents: bool = True
    sha: str = COMMIT
    workflow: str = "deploy.yml"
    called: str | None = None
    run_id: str = "1"
    run_attempt: str = "1"
    head_ref: str = ""
    base_ref: str = ""

    def context(self) -> str:
        """How the subject ends: the environment comes first, then the kind of event."""
        if self.environment:
            return f"environment:{self.environment.replace(':', '%3A')}"
        if self.event == "pull_request":
            return "pull_request"
        return f"ref:{self.ref}"


@dataclass
class Issuer:
    """GitHub's issuer for one repository, a WSGI application.

    `current_job` says for which job a token is asked. `request_token` is what the runner hands
    to that job as ACTIONS_ID_TOKEN_REQUEST_TOKEN.
    """

    repository: Repository
    current_job: Callable[[], Job]
    immutable: bool = True
    request_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    key: RSAPrivateKey = field(default_factory=lambda: new_key())
    key_id: str = field(default_factory=lambda: secrets.token_hex(20).upper())

    def environment(self, endpoint: str) -> dict[str, str]:
        """The variables through which a job finds this issuer, served at the endpoint."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://{endpoint}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.request_token,
        }

    def claims(self, job: Job, audience: str | None = None) -> dict:
        """What a token for the job says."""
        now = datetime.now(UTC)
        return {
            "jti": str(uuid.uuid4()),
            "iss": ISSUER,
            "aud": audience or f"https://github.com/{self.repository.owner}",
            "sub": f"{self.repository.subject(immutable=self.immutable)}:{job.context()}",
            "nbf": now - BACKDATED,
            "iat": now,
            "exp": now + LIFETIME,
            **_repository_claims(self.repository),
            **_job_claims(self.repository, job),
        }

    def sign(self, claims: dict, key: RSAPrivateKey | None = None) -> str:
        """A token with these claims; with another key it is a forgery."""
        return jwt.encode(claims, key or self.key, "RS256", headers={"kid": self.key_id})

    def token(self, audience: str | None = None, **changes: object) -> str:
        """A token for the current job, with some claims changed."""
        return self.sign({**self.claims(self.current_job(), audience), **changes})

    def __call__(self, environ, start_response):
        """Answer one request."""
        request = Request(environ)
        try:
            content = self._pages().get(request.path, _missing)(request)
            response = Response(json.dumps(content), content_type="application/json")
        except HTTPException as error:
            response = Response(
                json.dumps({"message": error.description}),
                error.code,
                content_type="application/json",
            )
        return response(environ, start_response)

    def _pages(self) -> dict[str, Callable[[Request], dict]]:
        return {
            "/.well-known/openid-configuration": self._discovery,
            "/.well-known/jwks": self._key_set,
            "/token": self._issue,
        }

    def _discovery(self, request: Request) -> dict:
        return {
            "issuer": ISSUER,
            "jwks_uri": f"{request.host_url}.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def _key_set(self, request: Request) -> dict:
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.key_id, "alg": "RS256", "use": "sig"}]}

    def _issue(self, request: Request) -> dict:
        """Raises Unauthorized for a wrong bearer token, Forbidden without `id-token: write`."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token, self.request_token):
            raise Unauthorized("The bearer token is not ACTIONS_ID_TOKEN_REQUEST_TOKEN.")
        if not self.current_job().id_token:
            raise Forbidden("The job needs the permission `id-token: write`.")
        return {"value": self.token(request.args.get("audience"))}


def new_key() -> RSAPrivateKey:
    """A key to sign tokens with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _missing(request: Request) -> dict:
    raise NotFound(f"GitHub's issuer has no {request.path}.")


def _repository_claims(repository: Repository) -> dict[str, str]:
    return {
        "repository": repository.full_name,
        "repository_id": repository.id,
        "repository_owner": repository.owner,
        "repository_owner_id": repository.owner_id,
        "repository_visibility": "private",
        "actor": repository.owner,
        "actor_id": repository.owner_id,
    }


def _job_claims(repository: Repository, job: Job) -> dict[str, str]:
    claims = {
        "event_name": job.event,
        "ref": job.ref,
        "ref_type": "tag" if job.ref.startswith("refs/tags/") else "branch",
        "ref_protected": "false",
        "head_ref": job.head_ref,
        "base_ref": job.base_ref,
        "sha": job.sha,
        "run_id": job.run_id,
        "run_number": job.run_id,
        "run_attempt": job.run_attempt,
        "check_run_id": job.run_id,
        "runner_environment": "github-hosted",
        "workflow": job.workflow,
        "workflow_ref": _file(repository, job.workflow, job),
        "workflow_sha": job.sha,
        "job_workflow_ref": _file(repository, job.called or job.workflow, job),
        "job_workflow_sha": job.sha,
    }
    return claims | ({"environment": job.environment} if job.environment else {})


def _file(repository: Repository, workflow: str, job: Job) -> str:
    return f"{repository.full_name}/.github/workflows/{workflow}@{job.ref}"
