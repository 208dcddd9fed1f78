from django.db.models import Exists, OuterRef
from django_tasks import task  # from Django 6.0 on: from django.tasks import task

from itemslist.models import ItemList


@task
def delete_duplicates(pks):
    """Delete those items without a picture that repeat an older one, and return how many."""
    older = ItemList.objects.filter(
        title=OuterRef("title"), content=OuterRef("content"), pk__lt=OuterRef("pk")
    )
    plain = ItemList.objects.exclude(picture__gt="")
    deleted, _ = plain.filter(Exists(older), pk__in=pks).delete()
    return deleted
