from django.db import models


class ItemList(models.Model):
    """An item: a title, and whatever there is to say about it."""

    title = models.CharField(max_length=250)
    content = models.TextField(blank=True, max_length=10_000)

    class Meta:
        verbose_name = "Item"
        verbose_name_plural = "Items"
        ordering = ["pk"]

    def __str__(self):
        return self.title
