"""The table that all servers read."""

from django.db import models


class ItemList(models.Model):
    """An item."""

    title = models.CharField(max_length=250)
    content = models.TextField(blank=True)

    class Meta:
        db_table = "itemslist_itemlist"
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.title
