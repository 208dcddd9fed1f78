"""The passwords that ECR hands out for Docker."""

import base64
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from template.rehearsal.aws.sessions import Caller

USER = "AWS"
LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Password:
    """What `aws ecr get-login-password` prints: whose it is, for which region, until when."""

    owner: Caller
    expires: datetime

    @property
    def expired(self) -> bool:
        """Whether the password is worth nothing any more."""
        return datetime.now(UTC) >= self.expires


@dataclass
class Passwords:
    """The passwords that were handed out; safe for threads."""

    _known: dict[str, Password] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, owner: Caller) -> tuple[str, Password]:
        """A new password of the caller's for the registry of its region."""
        text = base64.b64encode(secrets.token_bytes(240)).decode()
        password = Password(owner, datetime.now(UTC) + LIFETIME)
        with self._lock:
            self._known[text] = password
        return text, password

    def find(self, text: str) -> Password | None:
        """What is known of a password, expired or not."""
        with self._lock:
            return self._known.get(text)

    def expire(self) -> None:
        """Let all passwords handed out so far expire now."""
        now = datetime.now(UTC)
        with self._lock:
            self._known = {
                text: replace(known, expires=min(now, known.expires))
                for text, known in self._known.items()
            }
