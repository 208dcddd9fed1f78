"""All items in one answer, and an item."""

from typing import ClassVar

from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import HyperlinkedModelSerializer

from seed.models import ItemList


class ItemSerializer(HyperlinkedModelSerializer):
    """An item."""

    class Meta:
        model = ItemList
        fields = ("id", "url", "title", "content")
        extra_kwargs: ClassVar = {"url": {"view_name": "item"}}


@api_view(["GET"])
def item_list(request: Request) -> Response:
    """All items."""
    serializer = ItemSerializer(ItemList.objects.all(), many=True, context={"request": request})
    return Response(serializer.data)


item_detail = RetrieveAPIView.as_view(queryset=ItemList.objects, serializer_class=ItemSerializer)
urlpatterns = [
    path("itemslist/", item_list),
    path("itemslist/<int:pk>", item_detail, name="item"),
]
