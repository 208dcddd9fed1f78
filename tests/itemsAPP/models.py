"""The data of the tests' application."""

from django.db import models


class Note(models.Model):
    """A note with a name that is taken only once."""

    name = models.CharField(max_length=20, unique=True)
    size = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
