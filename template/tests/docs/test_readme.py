"""The README is short, and begins with what one can do."""

from template.tests.docs.pages import README


def test_readme_is_short() -> None:
    """The README has at most 180 lines."""
    assert len(README.path.read_text().splitlines()) <= 180


def test_first_command_comes_early() -> None:
    """The first command, `make run`, is within the first 35 lines."""
    first = README.blocks[0]
    assert first.text.strip() == "make run"
    assert first.line <= 35


def test_windows_has_the_commands_of_linux() -> None:
    """The steps for Windows are those for Linux, with its own way to activate."""
    steps = {block.language: block.text for block in README.blocks}
    activations = (". venv/bin/activate", r"venv\Scripts\activate")
    assert steps["powershell"] == next(
        block.text.replace(*activations) for block in README.blocks if block.language == "sh"
    )
