"""Who may do what."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db.models import Q, QuerySet
from rest_framework.permissions import (
    SAFE_METHODS,
    DjangoModelPermissions,
    IsAuthenticatedOrReadOnly,
)
from rest_framework.request import Request
from rest_framework.views import APIView


def permissions_of(holder: AbstractUser | Group) -> QuerySet[Permission]:
    """The permissions of a group, or those of a user, even of one who is inactive."""
    if isinstance(holder, Group):
        return holder.permissions.all()
    return Permission.objects.filter(Q(user=holder) | Q(group__user=holder))


def covers(user: AbstractUser, holder: AbstractUser | Group) -> bool:
    """Whether the user has every permission that the other user or the group has."""
    if user.is_superuser or getattr(holder, "is_superuser", False):
        return user.is_superuser
    names = permissions_of(holder).values_list("content_type__app_label", "codename")
    return user.has_perms([f"{app}.{codename}" for app, codename in names])


class StaffWithModelPermissions(DjangoModelPermissions):
    """Whoever is signed in may read; staff may write with the model's permission.

    Nobody changes an account or a group that has more permissions than they have.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the method is allowed at all."""
        reads = request.method in SAFE_METHODS
        return super().has_permission(request, view) and (reads or request.user.is_staff)

    def has_object_permission(
        self, request: Request, view: APIView, obj: AbstractUser | Group
    ) -> bool:
        """Whether the method is allowed on this account or group."""
        return request.method in SAFE_METHODS or covers(request.user, obj)


class AnonymousWritesBySetting(IsAuthenticatedOrReadOnly):
    """Everybody may read; strangers may write where ANONYMOUS_WRITES says so."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the method is allowed."""
        return settings.ANONYMOUS_WRITES or super().has_permission(request, view)
