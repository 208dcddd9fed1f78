"""What stops a command, and what its reader can do about it."""


class TemplateError(Exception):
    """Something that a person has to mend; `advice` says how."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice
