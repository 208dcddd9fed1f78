from axes.backends import AxesStandaloneBackend
from axes.conf import settings
from django.contrib.auth.backends import BaseBackend


class Lockout(AxesStandaloneBackend, BaseBackend):
    """Locks out in asynchronous logins too, by Django's aauthenticate; axes has none."""


def username(request, credentials):
    """The name that somebody tries to log in with, as long as the table of axes takes it."""
    return ((credentials or request.POST).get(settings.AXES_USERNAME_FORM_FIELD) or "")[:255]
