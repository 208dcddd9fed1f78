from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_page
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.views import GroupViewSet, UserViewSet
from itemsAPP import health
from itemsAPP.routers import router

schema = cache_page(300, cache="schema")(SpectacularAPIView.as_view())
router.register("users", UserViewSet)
router.register("groups", GroupViewSet)

urlpatterns = [
    path("", include("itemslist.urls")),
    path("", include(router.urls)),  # after the applications, which register with the router
    re_path(r"^ping/?$", router.get_api_root_view()),
    re_path(r"^schema/?$", schema, name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(http_method_names=["get", "head"])),
    path("api-auth/", include("rest_framework.urls")),
    path("admin/", include("accounts.urls" if settings.PASSWORD_RESET else [])),
    path("admin/", admin.site.urls),
    re_path(r"^health/ready/?$", health.readiness),
    re_path(r"^version/?$", health.version),
]
if not settings.PRODUCTION:
    media = {"document_root": settings.MEDIA_ROOT}
    urlpatterns += [re_path(r"^media/(?P<path>.*)$", serve, media)]
