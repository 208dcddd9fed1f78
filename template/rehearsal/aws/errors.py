"""The errors that AWS answers with."""


class AwsError(Exception):
    """An error response of an AWS service.

    `code` is the error's name in the JSON protocols; the query protocol has its own for some,
    see protocols.Query. `status` is the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
