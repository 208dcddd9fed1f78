"""Variables as a person gives them: words like NAME=value, lines as in .env, or a JSON object.

A message names a variable or a line, never a value.
"""

import json
import re
from typing import Any

from deploy.errors import SetupError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# What python-dotenv reads, but for variables in values: they are refused, because nobody would
# notice that one is not replaced.
ASSIGNMENT = re.compile(
    r"""
    (?:export[ \t]+)?
    (?P<name>[^\s=\#'"]+)[ \t]*=[ \t]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>(?!['"])[^\n]*))
    [ \t]*(?:\#[^\n]*)?(?:\n|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
NOTHING = re.compile(r"(?:[ \t]*(?:\#[^\n]*)?\n)*[ \t]*(?:\#[^\n]*\Z)?")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str, where: str) -> dict[str, str]:
    """Return the variables of a text, which is a JSON object or has lines as in .env.

    Raises SetupError, which names the place in the text.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        return parse_object(text, where)
    return parse_lines(text, where)


def parse_object(text: str, where: str) -> dict[str, str]:
    """Return the members of a JSON object; raise SetupError unless all of them are strings."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        raise refused(where, f"line {error.lineno} is no JSON") from None
    except RecursionError:
        raise refused(where, "it is nested too deeply") from None
    for name, value in pairs:
        if not isinstance(value, str):
            raise refused(where, f"{told(name)} is no text in quotes")
    return without_doubles(pairs, where)


def parse_lines(text: str, where: str) -> dict[str, str]:
    """Return the variables of lines such as NAME=value; raise SetupError for another line."""
    pairs = []
    position = skip(text, 0)
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        found = ASSIGNMENT.match(text, position)
        if not found:
            raise refused(where, f"line {line} is not like NAME=value")
        pairs.append((found["name"], value_of(found, where, line)))
        position = skip(text, found.end())
    return without_doubles(pairs, where)


def skip(text: str, position: int) -> int:
    """Return where the next line begins that is neither empty nor a comment."""
    nothing = NOTHING.match(text, position)
    return nothing.end() if nothing else position


def value_of(found: re.Match[str], where: str, line: int) -> str:
    """Return the value of an assignment, without quotes, escapes and comment."""
    if found["single"] is not None:
        return found["single"]
    plain = found["double"] is None
    raw = re.sub(r"\s+#.*", "", found["plain"]).rstrip() if plain else found["double"]
    if re.search(r"(?<!\\)\$\{", raw):
        raise refused(
            where, f"line {line} has a variable in its value, which is not replaced: quote it by '"
        )
    if plain:
        return raw
    return re.sub(r"\\(.)", lambda escape: unescaped(escape[1]), raw, flags=re.DOTALL)


def unescaped(character: str) -> str:
    """Return what stands for a backslash and a character within double quotes."""
    if character in ESCAPES:
        return ESCAPES[character]
    return character if character in "\"'\\$`\n" else f"\\{character}"


def without_doubles(pairs: list[tuple[str, str]], where: str) -> dict[str, str]:
    """Return the pairs as a mapping; raise SetupError for a name that occurs twice."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise refused(where, f"{told(name)} occurs twice")
    return dict(pairs)


def told(name: Any) -> str:
    """Return a name for a message, unless it may be something else by mistake."""
    return name if isinstance(name, str) and NAME.fullmatch(name) else "a name"


def refused(where: str, what: str) -> SetupError:
    """Return the error for a text that cannot be read."""
    return SetupError(
        f"{where} cannot be read: {what}.",
        'Give lines like NAME=value, as in .env, or a JSON object {"NAME": "value"}.',
    )
