import json
import re

from django.http import HttpRequest

TOKEN = re.compile(r"\b[0-9a-z]{6}-[0-9a-f]{32}\b")  # of Django's PasswordResetTokenGenerator


def hide_tokens(record):
    """A filter of logging: nobody resets a password with what is in the log."""
    record.msg, record.args = record.getMessage(), ()
    for name, value in vars(record).items():
        if isinstance(value, str | HttpRequest):
            setattr(record, name, TOKEN.sub("***", str(value)))
    return True


def hide_tokens_in_event(event, hint):
    """The same for what Sentry is told."""
    return json.loads(TOKEN.sub("***", json.dumps(event, default=str)))
