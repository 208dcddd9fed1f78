"""What drf-spectacular cannot see of the API: its errors, and that PUT creates and POST updates."""

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import SAFE_METHODS

from itemslist.permissions import AnonymousWritesBySetting

DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
BY_FIELD = {"type": "object", "additionalProperties": {}}
HTML = {"type": "string"}
URLS = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
LINK = "The addresses of the next and the previous page: https://www.rfc-editor.org/rfc/rfc8288"
ERRORS = {
    "400": "What is wrong, by the name of the field.",
    "403": "Not allowed, or the password is wrong.",
    "404": "There is nothing at this address.",
    "406": "Nobody writes this format.",
    "409": "Somebody else changed the same at the same time.",
    "413": "The body is too long.",
    "415": "Nobody reads this format.",
    "429": "Too many requests; Retry-After says for how many seconds.",
}


def error(code: str) -> dict:
    """The description of an error, which is JSON unless no view was reached."""
    content = {"application/json": {"schema": BY_FIELD if code == "400" else DETAIL}}
    if code == "404":
        content["text/html"] = {"schema": HTML}
    described = {"description": ERRORS[code], "content": content}
    if code == "429":
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return described


class Schema(AutoSchema):
    """The description of a view: PUT may create, POST may update, and much may go wrong."""

    @property
    def is_detail(self) -> bool:
        """Whether the address is that of one object."""
        return "{" in self.path

    def get_operation_id(self) -> str:
        """The name of the operation, with the verb where it says more than its meaning."""
        if (self.method, self.is_detail) in [("PUT", False), ("POST", True)]:
            return "_".join([*self._tokenize_path(), self.method.lower()])
        return super().get_operation_id()

    def get_auth(self) -> list[dict]:
        """The ways to authenticate; an empty one where nobody has to."""
        open_to_all = settings.ANONYMOUS_WRITES or self.method in SAFE_METHODS
        by_setting = AnonymousWritesBySetting in self.view.permission_classes
        return super().get_auth() + [{}] * (by_setting and open_to_all)

    def _is_create_operation(self) -> bool:
        return self.method in ("POST", "PUT") and not self.is_detail

    def _get_response_bodies(self, direction: str = "response") -> dict:
        bodies = super()._get_response_bodies(direction)
        if self._is_list_view():
            bodies["200"]["headers"] = {"Link": {"schema": HTML, "description": LINK}}
        return bodies | {code: error(code) for code in self.error_codes()}

    def error_codes(self) -> list[str]:
        """The errors that the operation may answer with."""
        writes = self.method in ("POST", "PUT", "PATCH")
        codes = ["403", "404", "406", "429"]
        codes += ["400"] * (writes or self._is_list_view())
        codes += ["409"] * (self.method not in SAFE_METHODS)
        codes += ["413", "415"] * writes
        return sorted(codes)


class RootSchema(Schema):
    """The description of the API root."""

    def get_response_serializers(self) -> dict:
        """The addresses by their names."""
        return {"200": URLS}
