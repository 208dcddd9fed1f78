"""What a command has done so far, for the person to read when it stops early."""

from deploy.console import say


class Journal:
    """Steps with their outcome, printed as they happen."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.changes = 0

    def begin(self, what: str) -> None:
        """Say what is under way, where it takes long."""
        say(f"  ...        {what}")

    def note(self, outcome: str, what: str, *, changed: bool = True) -> None:
        """Say and remember what was done."""
        say(f"  {outcome:<10} {what}")
        self.done.append(what)
        self.changes += changed

    def so_far(self) -> str:
        """Return how far it came, for somebody who runs it again."""
        if not self.done:
            return "Nothing was changed yet."
        return f"Done before it stopped: {', '.join(self.done)}."
