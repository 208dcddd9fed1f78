"""Variables as a person gives them: lines as in .env, or a JSON object."""

import io

import pytest
from dotenv import dotenv_values

from deploy.errors import SetupError
from deploy.secret import parse_variables

CANARY = "s3cr3t-canary"
LINES = [
    ("A=b", {"A": "b"}),
    ("A=b\nC=d\n", {"A": "b", "C": "d"}),
    ("\n# a comment\n  \n  A = b  \n# another", {"A": "b"}),
    ("export A=b", {"A": "b"}),
    ("A=", {"A": ""}),
    ("A=''\nB=\"\"", {"A": "", "B": ""}),
    ("A=b # a comment", {"A": "b"}),
    ("A=b#c", {"A": "b#c"}),
    ("A=#c", {"A": "#c"}),
    ("A='b # c'  # a comment", {"A": "b # c"}),
    ('A="b # c"  # a comment', {"A": "b # c"}),
    ("A='b\\nc'", {"A": "b\\nc"}),
    ('A="b\\nc\\t\\"d\\""', {"A": 'b\nc\t"d"'}),
    ('A="-----BEGIN KEY-----\nMIIE=\n-----END KEY-----\n"\nB=c', None),
    ("A=b=c==", {"A": "b=c=="}),
    ("A=it's", {"A": "it's"}),
    ("A=$b c$", {"A": "$b c$"}),
    ("A='${B}'", {"A": "${B}"}),
    ("A=postgres://u:p%23@h/n?x=1#y", {"A": "postgres://u:p%23@h/n?x=1#y"}),
    ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
    ("A=grün", {"A": "grün"}),
    ("lower=x\n_X1=y", {"lower": "x", "_X1": "y"}),
]


@pytest.mark.parametrize(("text", "values"), LINES)
def test_lines(text, values):
    """Lines are read as python-dotenv reads them."""
    values = values or {
        "A": "-----BEGIN KEY-----\nMIIE=\n-----END KEY-----\n",
        "B": "c",
    }
    assert parse_variables(text, "it") == values
    if "${" not in text:
        assert dotenv_values(stream=io.StringIO(text), interpolate=False) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"A": "b", "C": ""}', {"A": "b", "C": ""}),
        ('  \n{"A": "\\u00fc\\n"}', {"A": "ü\n"}),
        ("\ufeff{}", {}),
        ("", {}),
        ("# nothing", {}),
    ],
)
def test_objects(text, values):
    """A JSON object of strings is read; nothing is nothing."""
    assert parse_variables(text, "it") == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"A=b\n{CANARY}", "line 2 is not like NAME=value"),
        (f"A='{CANARY}", "line 1 is not like NAME=value"),
        (f'\n\nA="{CANARY}" more', "line 3 is not like NAME=value"),
        (f'A="{CANARY}', "line 1 is not like NAME=value"),
        (f"A {CANARY}", "line 1 is not like NAME=value"),
        (f"={CANARY}", "line 1 is not like NAME=value"),
        (f"A=${{B}}{CANARY}", "line 1 has a variable in its value"),
        (f'A="{CANARY}${{B}}"', "line 1 has a variable in its value"),
        (f"A=b\nA={CANARY}", "A occurs twice"),
        (f'{{"A": "b", "A": "{CANARY}"}}', "A occurs twice"),
        (f'{{"{CANARY}": 1}}', "a name is no text in quotes"),
        ('{"A": 1}', "A is no text in quotes"),
        (f'{{"A": {{"{CANARY}": "b"}}}}', "A is no text in quotes"),
        (f'{{"A": ["{CANARY}"]}}', "A is no text in quotes"),
        ('{"A": true}', "A is no text in quotes"),
        (f'{{"A": "b",\n {CANARY}', "line 2 is no JSON"),
        ('{"A":' + "[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_cannot_be_read(text, said):
    """What cannot be read is told by its line or its name, never by its value."""
    with pytest.raises(SetupError) as refused:
        parse_variables(text, "x.env")
    assert str(refused.value).startswith(f"x.env cannot be read: {said}")
    assert CANARY not in str(refused.value) + refused.value.advice
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
