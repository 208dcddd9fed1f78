"""AWS STS: trades a token of GitHub's issuer for a session of a role, if the role trusts it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

import re
from collections.abc import Mapping

import jwt

from template.rehearsal.aws.account import ACCOUNT
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import NOBODY, Authorization, Recording
from template.rehearsal.aws.sessions import Session, Sessions, caller
from template.rehearsal.iam.roles import Iam, OidcProvider, Role

ACTION = "sts:AssumeRoleWithWebIdentity"
DEFAULT_SECONDS = 3600
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
# The claims of GitHub's that STS makes condition keys of, beside `aud` and `sub`:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
CONDITION_CLAIMS = (
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
)


class Sts:
    """The service. `key_sets` says where an issuer's keys are, by the issuer's name in tokens."""

    name = "sts"

    def __init__(
        self, iam: Iam, sessions: Sessions, recording: Recording, key_sets: Mapping[str, str]
    ):
        self.iam = iam
        self.sessions = sessions
        self.recording = recording
        self._keys = {issuer: jwt.PyJWKClient(url) for issuer, url in key_sets.items()}

    def authorizations(self, operation: str, params: dict) -> list[Authorization]:
        """None: the calls that are played need no permission of their caller."""
        return []

    def call(self, operation: str, params: dict) -> dict:
        """AssumeRoleWithWebIdentity or GetCallerIdentity. Raises AwsError."""
        if operation == "AssumeRoleWithWebIdentity":
            return self._assume(params)
        if operation == "GetCallerIdentity":
            return self._identity(caller.get().session)
        raise AwsError("UnknownOperationException", f"The rehearsal does not play sts:{operation}.")

    def _identity(self, session: Session) -> dict:
        self.recording.add(session.arn, Authorization("sts:GetCallerIdentity", "*"), allowed=True)
        return {"UserId": _user_id(session), "Account": ACCOUNT, "Arn": session.arn}

    def _assume(self, params: dict) -> dict:
        with self.recording.refusals(NOBODY, ACTION, allowed=False):
            provider, claims = self._claims(params["WebIdentityToken"])
        asked = Authorization(ACTION, params["RoleArn"], _context(provider, claims))
        try:
            role = self._trusting(params["RoleArn"], provider, asked)
            seconds = _seconds(params, role)
        except AwsError as error:
            self.recording.add(claims["sub"], asked, allowed=False, error=error.code)
            raise
        self.recording.add(claims["sub"], asked, allowed=True)
        session = self.sessions.issue(role.name, params["RoleSessionName"], seconds)
        return _answer(session, provider, claims)

    def _claims(self, token: str) -> tuple[OidcProvider, dict]:
        """The provider of the token, and its claims when they are true."""
        provider = self._provider(token)
        try:
            key = self._keys[provider.issuer].get_signing_key_from_jwt(token)
            return provider, jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=provider.client_ids,
                issuer=provider.issuer,
                options={"require": ["aud", "exp", "iat", "iss", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise AwsError(
                "ExpiredWebIdentityToken", "Token expired: its expiration date/time has passed."
            ) from None
        except jwt.InvalidAudienceError:
            raise AwsError("InvalidIdentityToken", "Incorrect token audience") from None
        except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
            raise AwsError(
                "InvalidIdentityToken", f"The web identity token is not valid: {error}."
            ) from None

    def _provider(self, token: str) -> OidcProvider:
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.InvalidTokenError as error:
            raise AwsError("InvalidIdentityToken", f"The token cannot be read: {error}.") from None
        for provider in self.iam.providers.values():
            if provider.issuer == issuer:
                return provider
        raise AwsError(
            "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"
        )

    def _trusting(self, role_arn: str, provider: OidcProvider, asked: Authorization) -> Role:
        role = self.iam.role(role_arn)
        if role is None or not self.iam.trusts(role, provider, asked.context).allowed:
            raise AwsError("AccessDenied", f"Not authorized to perform {ACTION}", 403)
        return role


def _context(provider: OidcProvider, claims: dict) -> dict[str, str]:
    names = ("aud", "sub", *CONDITION_CLAIMS)
    return {f"{provider.host}:{name}": claims[name] for name in names if name in claims}


def _seconds(params: dict, role: Role) -> int:
    if not SESSION_NAME.fullmatch(params["RoleSessionName"]):
        raise AwsError(
            "ValidationException",
            f"Value '{params['RoleSessionName']}' at 'roleSessionName' failed to satisfy"
            f" constraint: Member must satisfy regular expression pattern: {SESSION_NAME.pattern}",
        )
    seconds = params.get("DurationSeconds", DEFAULT_SECONDS)
    if seconds > role.max_seconds:
        raise AwsError(
            "ValidationException",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return seconds


def _answer(session: Session, provider: OidcProvider, claims: dict) -> dict:
    return {
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "SessionToken": session.token,
            "Expiration": session.expires,
        },
        "SubjectFromWebIdentityToken": claims["sub"],
        "AssumedRoleUser": {"AssumedRoleId": _user_id(session), "Arn": session.arn},
        "Provider": provider.arn,
        "Audience": claims["aud"],
    }


def _user_id(session: Session) -> str:
    return f"AROA{session.role.upper().replace('-', '')[:16]:X<16}:{session.name}"
