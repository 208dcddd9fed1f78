from django.urls import re_path

from itemsAPP.routers import router
from itemslist.views import ItemDetailView, ItemsListView, ItemViewSet

router.register("item", ItemViewSet)

urlpatterns = [
    re_path(r"^itemslist/?$", ItemsListView.as_view(), name="itemslist-list"),
    re_path(r"^itemslist/(?P<pk>[^/.]+)/?$", ItemDetailView.as_view(), name="itemslist-detail"),
]
