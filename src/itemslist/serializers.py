from rest_framework import serializers

from itemslist.models import ItemList


class ItemSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = ItemList
        fields = ["url", "title", "content", "picture"]


class ItemsListSerializer(ItemSerializer):
    class Meta(ItemSerializer.Meta):
        fields = ["id", *ItemSerializer.Meta.fields]
        extra_kwargs = {"url": {"view_name": "itemslist-detail"}}
