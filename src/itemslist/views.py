"""The views of the API."""

from django.contrib.auth.models import Group, User
from django.db.models import Prefetch
from django.http import Http404
from rest_framework.generics import ListCreateAPIView, RetrieveUpdateDestroyAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import APIRootView
from rest_framework.viewsets import ModelViewSet

from itemslist.models import ItemList
from itemslist.permissions import AnonymousWritesBySetting, StaffWithModelPermissions
from itemslist.schema import RootSchema
from itemslist.serializers import (
    GroupSerializer,
    ItemSerializer,
    ItemsListSerializer,
    UserSerializer,
)


class ApiRoot(APIRootView):
    """Where everything starts. Log in to use the addresses below; /itemslist is open to all."""

    permission_classes = (AllowAny,)
    schema = RootSchema()


class UserViewSet(ModelViewSet):
    """The accounts. Whoever is signed in may read, staff with the permission may write."""

    queryset = User.objects.prefetch_related(
        Prefetch("groups", Group.objects.order_by("pk"))
    ).order_by("pk")
    serializer_class = UserSerializer
    permission_classes = (StaffWithModelPermissions,)
    lookup_value_converter = "int"


class GroupViewSet(ModelViewSet):
    """The groups. Whoever is signed in may read, staff with the permission may write."""

    queryset = Group.objects.order_by("pk")
    serializer_class = GroupSerializer
    permission_classes = (StaffWithModelPermissions,)
    lookup_value_converter = "int"


class ItemViewSet(ModelViewSet):
    """The items, for those who are signed in."""

    queryset = ItemList.objects.order_by("pk")
    serializer_class = ItemSerializer
    lookup_value_converter = "int"


class ItemsListView(ListCreateAPIView):
    """The items, for everybody. PUT creates, like POST."""

    queryset = ItemList.objects.order_by("pk")
    serializer_class = ItemsListSerializer
    permission_classes = (AnonymousWritesBySetting,)

    def put(self, request: Request) -> Response:
        """Create an item."""
        return self.create(request)

    def get_object(self) -> ItemList:
        """Raise Http404: OPTIONS asks for the object of each PUT, and here is none."""
        raise Http404


class ItemsListDetailView(RetrieveUpdateDestroyAPIView):
    """An item, for everybody. POST updates, like PUT."""

    queryset = ItemList.objects.order_by("pk")
    serializer_class = ItemsListSerializer
    permission_classes = (AnonymousWritesBySetting,)

    def post(self, request: Request, pk: int) -> Response:
        """Update the item."""
        return self.update(request, pk=pk)
