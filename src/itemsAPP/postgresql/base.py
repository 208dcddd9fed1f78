"""The database backend.

https://docs.djangoproject.com/en/5.2/ref/databases/#subclassing-the-built-in-database-backends
"""

from selectors import EVENT_READ, DefaultSelector

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is checked before each request (CONN_HEALTH_CHECKS) without a round trip.

    Django sends a query for that, as much work as many a request. But a server that ends a
    connection says so: where there is nothing to read, and no error, there is nothing to ask.
    """

    def is_usable(self) -> bool:
        """Whether the next query has a chance."""
        trusted = not self.errors_occurred and not self.connection.closed
        return (trusted and self.is_silent()) or super().is_usable()

    def is_silent(self) -> bool:
        """Whether the server has said nothing since its last answer."""
        with DefaultSelector() as selector:
            selector.register(self.connection, EVENT_READ)
            return not selector.select(timeout=0)
