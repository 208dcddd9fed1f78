import logging

from django.db import IntegrityError
from rest_framework.exceptions import APIException
from rest_framework.views import exception_handler as rest_framework_exception_handler


def exception_handler(exc, context):
    """Answer 409 where another request was faster; all other database errors are a 500."""
    code = getattr(exc.__cause__, "sqlstate", getattr(exc.__cause__, "sqlite_errorname", None))
    if isinstance(exc, IntegrityError) and code in ("23505", "SQLITE_CONSTRAINT_UNIQUE"):
        logging.getLogger(__name__).warning("A unique constraint was violated.", exc_info=exc)
        exc = APIException("This conflicts with another change. Read again, then retry.")
        exc.status_code = 409
    return rest_framework_exception_handler(exc, context)
