"""Temporary credentials: who holds which, and until when."""

import contextvars
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from template.rehearsal.aws.account import ACCOUNT, PARTITION, REGION


@dataclass(frozen=True)
class Session:
    """A session of a role, with the credentials that prove it."""

    role: str
    name: str
    access_key: str
    secret_key: str
    token: str
    expires: datetime

    @property
    def arn(self) -> str:
        """The principal as IAM names it."""
        return f"arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{self.role}/{self.name}"

    @property
    def expired(self) -> bool:
        """Whether the credentials are worth nothing any more."""
        return datetime.now(UTC) >= self.expires

    def environment(self, region: str = REGION) -> dict[str, str]:
        """The variables that hand these credentials to the AWS CLI and SDKs."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }


class Sessions:
    """The sessions that were handed out; safe for threads."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def issue(self, role: str, name: str, seconds: int = 3600) -> Session:
        """Hand out credentials of a role by its name, valid for so many seconds."""
        session = Session(
            role=role,
            name=name,
            access_key=f"ASIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(180),
            expires=datetime.now(UTC) + timedelta(seconds=seconds),
        )
        with self._lock:
            self._sessions[session.access_key] = session
        return session

    def find(self, access_key: str) -> Session | None:
        """The session with this access key, expired or not."""
        with self._lock:
            return self._sessions.get(access_key)

    def expire(self) -> None:
        """Let all credentials handed out so far expire now."""
        now = datetime.now(UTC)
        with self._lock:
            for key, session in self._sessions.items():
                self._sessions[key] = replace(session, expires=min(now, session.expires))


@dataclass(frozen=True)
class Caller:
    """Who makes the call that is being answered, and in which region."""

    session: Session
    region: str


caller: contextvars.ContextVar[Caller] = contextvars.ContextVar("caller")
