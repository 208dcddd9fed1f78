"""The documentation, as a reader of Markdown sees it."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[3]
MARKDOWN = MarkdownIt("commonmark").enable("table")


@cache
def tracked() -> tuple[Path, ...]:
    """The files that git keeps, and those that it would."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    return tuple(file for file in files if file.is_file())


@cache
def code() -> str:
    """The text of everything but the documentation and its tests."""
    own = Path(__file__).parent
    files = [file for file in tracked() if file.suffix != ".md" and own not in file.parents]
    return "\n".join(file.read_text(errors="replace") for file in files)


@dataclass(frozen=True)
class Block:
    """A block of code: what it is written in, what it says, and its first line in the page."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One file of the documentation."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def tokens(self) -> list[Token]:
        """What the page consists of, from top to bottom."""
        return MARKDOWN.parse(self.path.read_text())

    @cached_property
    def words(self) -> list[Token]:
        """What its paragraphs, headings and cells consist of."""
        return [child for token in self.tokens for child in token.children or []]

    @property
    def headings(self) -> list[str]:
        """The headings, as they are written."""
        return [after.content for token, after in pairwise(self.tokens) if opens_section(token)]

    @property
    def anchors(self) -> set[str]:
        """What a link may name after the #, by GitHub's rules."""
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings
        }

    @property
    def links(self) -> list[str]:
        """Where its links lead to."""
        return [str(word.attrs["href"]) for word in self.words if word.type == "link_open"]

    @property
    def spans(self) -> list[str]:
        """The pieces of code within its sentences."""
        return [word.content for word in self.words if word.type == "code_inline"]

    @property
    def blocks(self) -> list[Block]:
        """The blocks of code."""
        return blocks_in(self.tokens)

    def section(self, heading: str) -> list[Token]:
        """What stands between a heading and the next one."""
        found: list[Token] = []
        here = False
        for token, after in pairwise(self.tokens):
            if opens_section(token):
                here = after.content == heading
            found += [token] * here
        return found + self.tokens[-1:] * here

    def rows(self, heading: str) -> list[list[str]]:
        """The tables below a heading: the cells of each row, without the rows of titles."""
        rows: list[list[str]] = []
        for token, after in pairwise(self.section(heading)):
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "td_open":
                rows[-1].append(after.content)
        return [row for row in rows if row]


def opens_section(token: Token) -> bool:
    """Whether a token is the beginning of a heading."""
    return token.type == "heading_open"


def blocks_in(tokens: list[Token]) -> list[Block]:
    """The blocks of code among the tokens."""
    return [
        Block(token.info, token.content, token.map[0] + 1)
        for token in tokens
        if token.type == "fence" and token.map
    ]


def spans_in(cell: str) -> list[str]:
    """The pieces of code in a cell of a table."""
    return re.findall(r"`([^`]+)`", cell)


README = Page(ROOT / "README.md")
CONFIGURATION = Page(ROOT / "docs/configuration.md")
TROUBLESHOOTING = Page(ROOT / "docs/troubleshooting.md")
FOLDERS = ("", ".github", "docs", "template", "template/docs")
PAGES = [Page(file) for folder in FOLDERS for file in sorted((ROOT / folder).glob("*.md"))]
