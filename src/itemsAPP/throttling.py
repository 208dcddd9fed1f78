"""Limits on strangers, and on guesses at passwords. All workers count in the cache together."""

import ipaddress
import logging
import time
from hashlib import sha256

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from itemsAPP.environment import Rate

logger = logging.getLogger(__name__)


class Counters:
    """Numbers in the cache.

    A cache that fails is left alone for a while, with a line in the log, and nothing is limited
    meanwhile: the service is worth more than its limits.
    """

    pause = 10  # seconds
    resume_at = 0.0

    def add(self, key: str, delta: int, seconds: int) -> int:
        """The number after the addition, which lives for the seconds; 0 without a cache."""
        if time.monotonic() < self.resume_at:
            return 0
        try:
            cache.add(key, 0, seconds)
            return cache.incr(key, delta)
        except Exception as error:  # every cache has errors of its own
            self.resume_at = time.monotonic() + self.pause
            logger.warning("No limits for %s seconds, the cache fails: %s", self.pause, error)
            return 0


counters = Counters()


class Limit:
    """How often somebody may do something in this period of the clock."""

    def __init__(self, rate: Rate, what: str, who: str) -> None:
        self.rate = rate
        self.end = (time.time() // rate.seconds + 1) * rate.seconds
        # A digest, because what clients write makes no key, and their names are their own.
        digest = sha256(who.encode(errors="surrogatepass")).hexdigest()
        self.key = f"{what}:{digest}:{self.end:.0f}"

    def take(self) -> bool:
        """Whether there was one left, which is gone now."""
        return counters.add(self.key, 1, 2 * self.rate.seconds) <= self.rate.number

    def give_back(self) -> None:
        """Forget the last `take`."""
        counters.add(self.key, -1, 2 * self.rate.seconds)

    def wait(self) -> float:
        """Seconds until the period ends."""
        return max(self.end - time.time(), 1)


def address_of(request: HttpRequest | Request) -> str:
    """The client's address, as far as NUM_PROXIES trusts X-Forwarded-For; of IPv6 its network.

    Whoever has an IPv6 address has the 2**64 of its network: https://www.rfc-editor.org/rfc/rfc6177
    """
    address = BaseThrottle().get_ident(request) or ""
    if ":" not in address:
        return address
    try:
        return f"{int(ipaddress.IPv6Address(address)) >> 64:016x}"
    except ValueError:
        return address


class AnonymousThrottle(BaseThrottle):
    """Limits each address to ANONYMOUS_RATE, for those who are not signed in."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Whether the request is within the limit."""
        rate = settings.ANONYMOUS_RATE
        if rate is None or request.user.is_authenticated:
            return True
        self.limit = Limit(rate, "anonymous", address_of(request))
        return self.limit.take()

    def wait(self) -> float:
        """Seconds until the next request has a chance."""
        return self.limit.wait()


class ThrottledModelBackend(ModelBackend):
    """Django's check of a password, LOGIN_RATE times for an address and for a user name.

    Every way to log in comes along here: both login pages, and a password in the header. Only
    those that fail count, but all count while they are checked, or many at once would get past.
    """

    def authenticate(
        self,
        request: HttpRequest | Request | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: str,
    ) -> AbstractBaseUser | None:
        """The user whose password it is, or None. Raises Throttled beyond the limit."""
        name = username or kwargs.get(get_user_model().USERNAME_FIELD) or ""
        limits = login_limits(request, name)
        if not all(limit.take() for limit in limits):
            raise Throttled(limits[0].wait(), "Too many attempts to log in.")
        user = super().authenticate(request, username, password, **kwargs)
        if user:
            for limit in limits:
                limit.give_back()
        return user


def login_limits(request: HttpRequest | Request | None, name: str) -> list[Limit]:
    """The limits of a login: none where there is no client, as in a management command."""
    rate = settings.LOGIN_RATE
    if rate is None or request is None:
        return []
    return [Limit(rate, "login-from", address_of(request)), Limit(rate, "login-as", name)]
