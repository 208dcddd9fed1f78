"""Talking to the person at the terminal."""

from deploy.errors import SetupError


def say(line: str = "") -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def heading(text: str) -> None:
    """Print a line that opens a section."""
    say(f"\n{text}")


def answer(question: str) -> str:
    """Return what the person types, or nothing where nobody can be asked."""
    try:
        return input(question).strip()
    except EOFError:
        say()
        return ""


def agrees(question: str, *, yes: bool) -> bool:
    """Return whether the person agrees or has said YES=1."""
    return yes or answer(f"\n{question} [y/N] ").lower() in ("y", "yes")


def confirm(question: str, *, yes: bool) -> None:
    """Return when the person agrees or has said YES=1; raise SetupError otherwise."""
    if not agrees(question, yes=yes):
        raise SetupError(
            "Nothing was changed.",
            "Run it again and answer `y`, or add YES=1 to skip the question.",
        )


def confirm_by_typing(word: str, question: str) -> None:
    """Return when the person types the word; raise SetupError otherwise."""
    if answer(f"\n{question} Type {word} to go on: ") != word:
        raise SetupError(
            f"Nothing was changed: that was not {word}.",
            "Run it again and type the name, or leave DELETE_DATA out to keep the data.",
        )
