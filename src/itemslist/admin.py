from django.contrib import admin
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from itemsAPP.pagination import BoundedPaginator
from itemslist import tasks
from itemslist.models import ItemList


@admin.register(ItemList)
class ItemListAdmin(admin.ModelAdmin):
    actions = ["delete_duplicates"]
    list_display = ["title", "content", "picture"]
    paginator = BoundedPaginator
    search_fields = ["title"]
    show_full_result_count = False

    @admin.action(description="Delete duplicates among selected items", permissions=["delete"])
    def delete_duplicates(self, request, queryset):
        pks = list(queryset.values_list("pk", flat=True)[:10_000])  # "all" of BoundedPaginator
        result = tasks.delete_duplicates.enqueue(pks)
        self.message_user(request, f"Queued for the worker as task result {result.id}.")


admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskResultAdmin(DBTaskResultAdmin):
    paginator = BoundedPaginator
    show_full_result_count = False

    def get_list_filter(self, request):
        return ["status"]  # to offer the values of other columns is to read all rows
