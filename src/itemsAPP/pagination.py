from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.utils.functional import cached_property
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class LinkPagination(CursorPagination):
    """The body is an array, the neighbours are in `Link`: https://www.rfc-editor.org/rfc/rfc8288"""

    ordering = "pk"
    page_size_query_param = "page_size"
    max_page_size = 1000

    def paginate_queryset(self, *args, **kwargs):
        try:
            return super().paginate_queryset(*args, **kwargs)
        except (ValueError, ValidationError) as error:  # the cursor has no value of the field
            raise NotFound(self.invalid_cursor_message) from error

    def get_paginated_response(self, data):
        links = {"prev": self.get_previous_link(), "next": self.get_next_link()}
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        return Response(data, headers={"Link": header} if header else None)

    def get_paginated_response_schema(self, schema):
        return schema


class BoundedPaginator(Paginator):
    @cached_property  # of the admin's pages: to count all rows of a table is to read them all
    def count(self):
        return self.object_list.order_by()[:10_000].count()  # type: ignore[attr-defined] # a queryset
