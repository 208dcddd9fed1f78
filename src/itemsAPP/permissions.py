from rest_framework.permissions import SAFE_METHODS, IsAuthenticated


class IsSuperuserOrReadOnly(IsAuthenticated):
    def has_permission(self, request, view):
        reads = request.method in SAFE_METHODS
        return super().has_permission(request, view) and (reads or request.user.is_superuser)
