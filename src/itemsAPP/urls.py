"""The addresses of the application. Each one answers with and without its last slash."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe
from dockerflow.django.views import version
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from itemsAPP.health import ready
from itemslist import views

router = DefaultRouter(use_regex_path=False)
router.APIRootView = views.ApiRoot
router.include_format_suffixes = False
router.register("users", views.UserViewSet)
router.register("groups", views.GroupViewSet)
router.register("item", views.ItemViewSet, basename="item")

urlpatterns = [
    path("", include(router.urls)),
    path("ping/", router.get_api_root_view()),
    path("itemslist/", views.ItemsListView.as_view(), name="itemslist-list"),
    path("itemslist/<int:pk>/", views.ItemsListDetailView.as_view(), name="itemslist-detail"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(http_method_names=["get", "head"])),
    path("api-auth/", include("rest_framework.urls")),
    path("admin/", admin.site.urls),
    path("health/ready/", ready),
    path("version/", require_safe(version)),
]
