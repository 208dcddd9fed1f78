from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics, permissions, viewsets

from itemslist.models import ItemList
from itemslist.serializers import ItemSerializer, ItemsListSerializer


class ItemViewSet(viewsets.ModelViewSet):
    """The items, for those who are signed in."""

    queryset = ItemList.objects.all()
    serializer_class = ItemSerializer


class ItemsListMixin(generics.GenericAPIView):
    queryset = ItemList.objects.all()
    serializer_class = ItemsListSerializer

    def get_permissions(self):
        if settings.ANONYMOUS_WRITES:
            return [permissions.AllowAny()]
        return [permissions.IsAuthenticatedOrReadOnly()]


class ItemsListView(ItemsListMixin, generics.ListCreateAPIView):
    """The items, for everybody. PUT creates, like POST."""

    @extend_schema(operation_id="itemslist_put", responses={201: ItemsListSerializer})
    def put(self, request):
        return self.create(request)

    def get_object(self):
        raise exceptions.NotFound  # OPTIONS asks for the object of each PUT


class ItemDetailView(ItemsListMixin, generics.RetrieveUpdateDestroyAPIView):
    """An item, for everybody. POST updates, like PUT."""

    @extend_schema(operation_id="itemslist_post", responses=ItemsListSerializer)
    def post(self, request, pk):
        return self.update(request, pk=pk)
