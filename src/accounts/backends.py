from asgiref.sync import sync_to_async
from axes.backends import AxesStandaloneBackend
from axes.conf import settings


class Lockout(AxesStandaloneBackend):
    async def aauthenticate(self, request, **credentials):  # axes has no asynchronous one
        return await sync_to_async(self.authenticate)(request, **credentials)


def username(request, credentials):
    """The name that somebody tries to log in with, as long as the table of axes takes it."""
    return ((credentials or request.POST).get(settings.AXES_USERNAME_FORM_FIELD) or "")[:255]
