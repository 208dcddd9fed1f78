"""Fixtures of the sample's exhaustive tests: its own."""

from tests.conftest import _empty_caches, anonymous, make_user, superuser, user

__all__ = ["_empty_caches", "anonymous", "make_user", "superuser", "user"]
