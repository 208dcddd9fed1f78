"""What stops a command, and what its reader can do about it."""


class SetupError(Exception):
    """Something that a person has to mend; `advice` says how."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class ProgramError(Exception):
    """A program that ended with another exit code than 0, and what it said."""

    def __init__(self, arguments: tuple[str, ...], said: str) -> None:
        super().__init__(f"`{' '.join(arguments[:3])}` failed: {said}")
        self.arguments = arguments
        self.said = said
