from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class NestedJSONParser(JSONParser):
    """Answers 400 to JSON that is nested too deeply, which is not the server's fault."""

    def parse(self, *args, **kwargs):
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
