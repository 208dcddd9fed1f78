"""The WSGI application that gunicorn serves: a probe's answer, static files, then the project."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string
from whitenoise import WhiteNoise

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
LIVENESS = "/health/live"
# Where static files are in the image when the settings have no STATIC_ROOT.
STATIC_ROOT = Path("/app/staticfiles")


def answering_probes(application: Application) -> Application:
    """Answer the load balancer before Django: it probes by IP address, and follows no redirect."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].removesuffix("/") != LIVENESS:
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return answer


def serving_static(application: Application) -> Application:
    """Serve the collected static files, unless the settings have a way of their own."""
    address = urlsplit(settings.STATIC_URL or "")
    root = Path(settings.STATIC_ROOT or STATIC_ROOT)
    served = any("whitenoise" in name.lower() for name in settings.MIDDLEWARE)
    if served or address.netloc or not root.is_dir():
        return application
    return WhiteNoise(application, root, address.path, immutable_file_test=r"\.[0-9a-f]{12}\.")


def load() -> Application:
    """The application of the settings' WSGI_APPLICATION, with what an image has to add."""
    name = settings.WSGI_APPLICATION
    application = import_string(name) if name else get_wsgi_application()
    return answering_probes(serving_static(application))
