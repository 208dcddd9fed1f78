"""What the build says, and how it ends where it cannot go on."""


def say(line: str) -> None:
    """Print a line at once, in step with what pip and Django print."""
    print(line, flush=True)


def refuse(what: str, advice: str) -> SystemExit:
    """The end of the build: what is wrong, and the line that mends it."""
    return SystemExit(f"\n{what}\n{advice}\n")
