"""docs/troubleshooting.md quotes the messages as people will search for them."""

import re

import pytest

from template.tests.docs.pages import ROOT, TROUBLESHOOTING, blocks_in

SECTIONS = TROUBLESHOOTING.headings[1:]


def message_of(heading: str) -> str:
    """The message that a section is about."""
    (block,) = blocks_in(TROUBLESHOOTING.section(heading))
    return block.text.strip()


def origin_of(heading: str) -> str:
    """The first words after the message, which say where it comes from."""
    sentences = [token.content for token in TROUBLESHOOTING.section(heading) if token.children]
    return sentences[1]


def printed_by(heading: str) -> str | None:
    """The file that prints the message, if it is one of ours."""
    found = re.match(r"Printed by `([^`]+)`\.", origin_of(heading))
    return found and found[1]


@pytest.mark.parametrize("heading", SECTIONS)
def test_heading_is_part_of_the_message(heading: str) -> None:
    """Each heading occurs in the message below it, so that a search for either finds it."""
    assert heading in message_of(heading)


@pytest.mark.parametrize("heading", SECTIONS)
def test_origin_is_told(heading: str) -> None:
    """Each message is said to come from a file of this repository, or from somebody else."""
    assert re.match(r"(Printed by `|From )", origin_of(heading))


@pytest.mark.parametrize("heading", [one for one in SECTIONS if printed_by(one)])
def test_message_is_in_the_code(heading: str) -> None:
    """A message of ours stands in the file that is said to print it, but for the names in it."""
    source = re.sub(r'"\s+f?"', "", (ROOT / str(printed_by(heading))).read_text())
    parts = [part.strip() for part in message_of(heading).split("...")]
    assert [part for part in parts if part not in source] == []


def test_there_are_at_least_ten() -> None:
    """Ten messages or more are explained."""
    assert len(SECTIONS) >= 10
