from django.core.validators import FileExtensionValidator
from django.db import models

from itemsAPP.validators import validate_storage

KINDS = ["gif", "jpeg", "jpg", "png", "webp"]  # no SVG, which may have scripts


class ItemList(models.Model):
    title = models.CharField(max_length=250)
    content = models.TextField(blank=True, max_length=10_000)
    picture = models.ImageField(
        upload_to="items/",
        null=True,
        blank=True,
        validators=[FileExtensionValidator(KINDS), validate_storage],
    )

    class Meta:
        verbose_name = "Item"
        ordering = ["pk"]

    def __str__(self):
        return self.title
