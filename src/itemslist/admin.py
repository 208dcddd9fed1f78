"""The pages of the administration."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import AbstractUser, Group, User
from django.http import HttpRequest

from itemslist.models import ItemList
from itemslist.pagination import BoundedPaginator
from itemslist.permissions import covers


class BoundedAdmin(admin.ModelAdmin):
    """Lists that never count their table."""

    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False


class PrivilegesAdmin(BoundedAdmin):
    """Accounts and groups, whose privileges only superusers hand out.

    Django's own pages let staff who may change users make themselves superusers.
    """

    privileges: tuple[str, ...]

    def has_change_permission(
        self, request: HttpRequest, obj: AbstractUser | Group | None = None
    ) -> bool:
        """Whether the requester may change, and this object in particular."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or covers(request.user, obj))

    def has_delete_permission(
        self, request: HttpRequest, obj: AbstractUser | Group | None = None
    ) -> bool:
        """Whether the requester may delete, and this object in particular."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or covers(request.user, obj))

    def get_readonly_fields(
        self, request: HttpRequest, obj: AbstractUser | Group | None = None
    ) -> tuple[str, ...]:
        """The fields that the requester only sees."""
        return () if request.user.is_superuser else self.privileges


admin.site.site_header = "Items administration"
admin.site.site_title = "Items"
admin.site.unregister([User, Group])


@admin.register(User)
class BoundedUserAdmin(PrivilegesAdmin, UserAdmin):
    """The accounts."""

    privileges = ("is_staff", "is_superuser", "groups", "user_permissions")
    list_filter = ("is_staff", "is_superuser", "is_active")  # Django's own lists every group


@admin.register(Group)
class BoundedGroupAdmin(PrivilegesAdmin, GroupAdmin):
    """The groups."""

    privileges = ("permissions",)


@admin.register(ItemList)
class ItemListAdmin(BoundedAdmin):
    """The items, newest first."""

    list_display = ("title", "content")
    ordering = ("-pk",)
    search_fields = ("title",)
