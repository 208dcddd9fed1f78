from django.db import models


class ItemList(models.Model):
    title = models.CharField(max_length=250)
    content = models.TextField(blank=True, max_length=10_000)

    class Meta:
        verbose_name = "Item"
        ordering = ["pk"]

    def __str__(self):
        return self.title
