from rest_framework.permissions import AllowAny
from rest_framework.routers import APIRootView, DefaultRouter


class APIRoot(APIRootView):
    """Where everything starts. Log in to use the URLs below."""

    permission_classes = [AllowAny]


router = DefaultRouter()  # applications register their viewsets with it
router.APIRootView = APIRoot
router.include_format_suffixes = False
router.trailing_slash = "/?"  # a redirect to the slash would lose the body of a POST
