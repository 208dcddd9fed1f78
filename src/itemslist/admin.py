from django.contrib import admin

from itemsAPP.pagination import BoundedPaginator
from itemslist.models import ItemList


@admin.register(ItemList)
class ItemListAdmin(admin.ModelAdmin):
    list_display = ["title", "content"]
    paginator = BoundedPaginator
    search_fields = ["title"]
    show_full_result_count = False
