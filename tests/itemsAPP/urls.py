"""The URLs of the tests' application, with views that fail in each way."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import DataError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from itemsAPP.permissions import IsSuperuserOrReadOnly
from itemsAPP.routers import APIRoot
from tests.itemsAPP.models import Note

ERRORS = {
    error.__name__: error
    for error in (DataError, InterfaceError, OperationalError, RecursionError, ValueError)
}


def fail(error: str) -> None:
    """Do what the name of the error says."""
    if error == "missing-table":
        connection.cursor().execute("SELECT * FROM missing")
    if error == "missing-value":
        nothing: Any = None
        Note.objects.create(name=nothing)
    raise ERRORS[error]("our own mistake")


class NoteSerializer(serializers.ModelSerializer):
    """A note, without the validator that would find a taken name before the database does."""

    class Meta:
        model = Note
        fields = ["id", "name", "size"]
        extra_kwargs: ClassVar[dict] = {"name": {"validators": []}}


class NoteViewSet(ModelViewSet):
    """Anyone may do anything."""

    queryset = Note.objects.all()
    serializer_class = NoteSerializer
    permission_classes = [AllowAny]


class GuardedNoteViewSet(NoteViewSet):
    """Superusers may write."""

    permission_classes = [IsSuperuserOrReadOnly]


class PrivateView(APIView):
    """A view that says nothing about who may see it."""

    def get(self, request: Request) -> Response:
        """Say who asks."""
        return Response(request.user.get_username())


class UploadView(APIView):
    """Counts the bytes of a file, or of the rest of a body."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        """Raise ValidationError without a file."""
        data: Any = request.data
        if "file" not in data:
            raise ValidationError({"file": "Is missing."})
        return Response(data["file"].size)


class FailingView(APIView):
    """Fails as the URL says."""

    permission_classes = [AllowAny]

    def get(self, request: Request, error: str) -> Response:
        """Raise the error."""
        fail(error)
        return Response()


def failing_view(request: HttpRequest, error: str) -> HttpResponse:
    """Fails as the URL says, without REST framework."""
    fail(error)
    return HttpResponse()


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Say something bit by bit."""
    return StreamingHttpResponse(["a", "b"])


router = DefaultRouter()
router.APIRootView = APIRoot
router.include_format_suffixes = False
router.trailing_slash = "/?"
router.register("notes", NoteViewSet)
router.register("guarded", GuardedNoteViewSet, basename="guarded")

urlpatterns = [
    path("", include(router.urls)),
    path("private/", PrivateView.as_view()),
    path("stream/", stream),
    path("upload/", UploadView.as_view()),
    path("fail/<error>/", FailingView.as_view()),
    path("plain/fail/<error>/", failing_view),
    path("api-auth/", include("rest_framework.urls")),
    path("admin/", admin.site.urls),
]
