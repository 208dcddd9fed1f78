from http import HTTPStatus

ERRORS = [400, 403, 404, 406, 409, 413, 415, 429]


def describe_errors(result, **kwargs):
    """A hook of drf-spectacular: what every operation may answer besides success."""
    content = {"application/json": {"schema": {"type": "object", "additionalProperties": {}}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for code in map(HTTPStatus, ERRORS):
                response = {"description": code.phrase, "content": content}
                operation["responses"].setdefault(str(code.value), response)
    return result
