"""Errors say what AWS says."""

from template.rehearsal.aws.errors import AwsError


def test_error_shows_code_and_message():
    """An error carries its code, message and status, and prints the first two."""
    error = AwsError("ThrottlingException", "Rate exceeded", 429)
    assert (error.code, error.message, error.status) == (
        "ThrottlingException",
        "Rate exceeded",
        429,
    )
    assert str(error) == "ThrottlingException: Rate exceeded"
    assert AwsError("ClientException", "no").status == 400
