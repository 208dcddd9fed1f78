"""Lists in pages of bounded size and cost: no page is counted, none is reached by an offset."""

import re

from django.core.paginator import Paginator
from django.utils.functional import cached_property
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import IntegerField, ValidationError
from rest_framework.views import APIView


class LinkPagination(CursorPagination):
    """Keyset pagination by primary key. The body is an array, the neighbours are in `Link`.

    https://www.rfc-editor.org/rfc/rfc8288
    """

    ordering = "pk"
    page_size_query_param = "page_size"
    max_page_size = 1000

    def get_page_size(self, request: Request) -> int:
        """The size asked for, capped; raises ValidationError (400) when it is no size."""
        if "page_size" not in request.query_params:
            return self.page_size
        try:
            asked = IntegerField(min_value=1).run_validation(request.query_params["page_size"])
        except ValidationError as error:
            raise ValidationError({"page_size": error.detail}) from error
        return min(asked, self.max_page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor of the request; raises NotFound (404) when it is not one of ours."""
        cursor = super().decode_cursor(request)
        if cursor and not re.fullmatch(r"\d{1,19}", cursor.position or ""):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_paginated_response(self, data: list) -> Response:
        """The page as an array, with the links to its neighbours."""
        links = {"prev": self.get_previous_link(), "next": self.get_next_link()}
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        return Response(data, headers={"Link": header} if header else None)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict]:
        """The parameters in the OpenAPI schema."""
        cursor, size = super().get_schema_operation_parameters(view)
        return [cursor, size | {"schema": {"type": "integer", "minimum": 1}}]

    def get_paginated_response_schema(self, schema: dict) -> dict:
        """The page in the OpenAPI schema: the array as it is."""
        return schema


class BoundedPaginator(Paginator):
    """The admin's pages, of the first 10,000 rows at most: counting all would read them all."""

    limit = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, or the limit."""
        return self.object_list[: self.limit].count()
