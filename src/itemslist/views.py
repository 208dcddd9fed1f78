"""The views of the API."""

from django.contrib.auth.models import Group, User
from rest_framework.permissions import AllowAny
from rest_framework.routers import APIRootView
from rest_framework.viewsets import ModelViewSet

from itemslist.models import ItemList
from itemslist.permissions import AnonymousWritesBySetting, StaffWithModelPermissions
from itemslist.serializers import (
    GroupSerializer,
    ItemSerializer,
    ItemsListSerializer,
    UserSerializer,
)

# The verbs of /itemslist: PUT on the list creates, POST on an item updates.
LIST_METHODS = {"get": "list", "post": "create", "put": "create"}
DETAIL_METHODS = {
    "get": "retrieve",
    "post": "update",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}


class ApiRoot(APIRootView):
    """Where everything starts. Log in to use the addresses below; /itemslist is open to all."""

    permission_classes = (AllowAny,)


class UserViewSet(ModelViewSet):
    """The accounts. Whoever is signed in may read, staff with the permission may write."""

    queryset = User.objects.prefetch_related("groups").order_by("pk")
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


class ItemsListViewSet(ModelViewSet):
    """The items, for everybody."""

    queryset = ItemList.objects.order_by("pk")
    serializer_class = ItemsListSerializer
    permission_classes = (AnonymousWritesBySetting,)
