"""Looks for the values of secrets where nobody should find them."""

import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path


def in_texts(values: Collection[str], texts: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of the texts in which one of the values stands."""
    return sorted(
        name
        for name, lines in texts.items()
        if any(value in line for line in lines for value in values)
    )


def in_files(values: Collection[str], folder: Path) -> list[str]:
    """The files below a folder in which one of the values stands, by their paths in it.

    A file that is gone meanwhile, or that cannot be read, is left out.
    """
    if not values:
        return []
    # The values come by standard input: whoever may list processes sees their arguments.
    command = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings"]
    done = subprocess.run(
        [*command, "--devices=skip", "--file=-", "."],
        cwd=folder,
        input="\n".join(values),
        capture_output=True,
        text=True,
        check=False,
    )
    return sorted(line.removeprefix("./") for line in done.stdout.splitlines())
