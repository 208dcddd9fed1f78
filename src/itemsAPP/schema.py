from http import HTTPStatus


def describe_errors(result, **kwargs):
    """A hook of drf-spectacular: what every operation may answer besides success."""
    content = {kind: {"schema": {"title": "Error"}} for kind in ("application/json", "text/html")}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status in map(HTTPStatus, [400, 403, 404, 406, 409, 413, 415, 429]):
                response = {"description": status.phrase, "content": content}
                operation["responses"].setdefault(str(status.value), response)
    return result
