from asgiref.sync import sync_to_async
from axes.backends import AxesStandaloneBackend


class Lockout(AxesStandaloneBackend):
    """Refuses whoever has failed too often, also where Django asks asynchronously."""

    async def aauthenticate(self, request, **credentials):
        return await sync_to_async(self.authenticate)(request, **credentials)
