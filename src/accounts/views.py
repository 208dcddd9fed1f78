from django.contrib.auth import get_user_model, views
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.throttling import AnonRateThrottle
from rest_framework.viewsets import ModelViewSet

from accounts.serializers import GroupSerializer, PublicUserSerializer, UserSerializer
from itemsAPP.middleware import refuse
from itemsAPP.permissions import IsSuperuserOrReadOnly


@extend_schema(request=UserSerializer, responses=UserSerializer)
class UserViewSet(ModelViewSet):
    """The accounts. Whoever is signed in may read, superusers may write and see the email."""

    queryset = get_user_model().objects.prefetch_related("groups").order_by("pk")
    permission_classes = [IsSuperuserOrReadOnly]

    def get_serializer_class(self):
        return UserSerializer if self.request.user.is_superuser else PublicUserSerializer

    @transaction.atomic
    def perform_create(self, serializer):
        serializer.save(password=make_password(None))  # it cannot log in until it is given one


class GroupViewSet(ModelViewSet):
    """The groups. Whoever is signed in may read, superusers may write."""

    queryset = Group.objects.order_by("pk")
    serializer_class = GroupSerializer
    permission_classes = [IsSuperuserOrReadOnly]


class PasswordResetThrottle(AnonRateThrottle):
    rate = "10/hour"
    scope = "password_reset"


class PasswordResetView(views.PasswordResetView):
    def post(self, request, *args, **kwargs):
        # The throttle reads what Django's request has as well as the framework's own.
        if not PasswordResetThrottle().allow_request(request, self):  # type: ignore[arg-type]
            return refuse(request, 429, "There were too many. Try again in an hour.")
        return super().post(request, *args, **kwargs)
