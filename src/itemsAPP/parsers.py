from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class NestedJSONParser(JSONParser):
    def parse(self, *args, **kwargs):
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
