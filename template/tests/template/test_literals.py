"""Expressions of settings are read without running them."""

import ast
from pathlib import Path, PurePath

import pytest

from template.adopt.literals import UNKNOWN, Module, evaluate
from template.adopt.variables import variables_in

NAMES = {
    "__file__": PurePath("/app/shop/settings/base.py"),
    "BASE_DIR": PurePath("/app"),
    "ROOT_DIR": PurePath("/app"),
    "ON": True,
    "OFF": False,
    "WORD": "live",
    "APPS": ["a", "b"],
    "DATABASES": {"default": {"NAME": "x"}},
}
VALUES = [
    ("Path(__file__).resolve().parent.parent", PurePath("/app/shop")),
    ("Path(__file__).parents[2]", PurePath("/app")),
    ("os.path.dirname(os.path.dirname(os.path.abspath(__file__)))", PurePath("/app/shop")),
    ("environ.Path(__file__) - 3", PurePath("/app")),
    ("BASE_DIR / 'media'", PurePath("/app/media")),
    ("ROOT_DIR.path('media')", PurePath("/app/media")),
    ("BASE_DIR.joinpath('a', 'b')", PurePath("/app/a/b")),
    ("os.path.join(BASE_DIR, 'media')", PurePath("/app/media")),
    ("str(BASE_DIR / 'media')", PurePath("/app/media")),
    ("f'{BASE_DIR}/media'", "/app/media"),
    ("str(BASE_DIR) + '/media'", "/app/media"),
    ("APPS + ['c']", ["a", "b", "c"]),
    ("APPS + unknown", ["a", "b"]),
    ("unknown + ['c']", ["c"]),
    ("[*APPS, 'c', unknown]", ["a", "b", "c", UNKNOWN]),
    ("{**DATABASES, 'a': 1}", {"default": {"NAME": "x"}, "a": 1}),
    ("DATABASES['default']['NAME']", "x"),
    ("DATABASES['other']", UNKNOWN),
    ("os.environ.get('A', 'b')", "b"),
    ("env('A', default='b')", "b"),
    ("config('A', default=False, cast=bool)", False),
    ("env('A')", UNKNOWN),
    ("not ON", False),
    ("not unknown", UNKNOWN),
    ("-1", -1),
    ("'a' if ON else 'b'", "a"),
    ("'a' if OFF else 'b'", "b"),
    ("'a' if unknown else 'b'", UNKNOWN),
    ("WORD == 'live'", True),
    ("WORD != 'live'", False),
    ("'a' in APPS", True),
    ("'a' not in APPS", False),
    ("1 < WORD", UNKNOWN),
    ("ON and OFF", False),
    ("OFF or WORD", "live"),
    ("unknown or WORD", UNKNOWN),
    ("'%s/a' % BASE_DIR", UNKNOWN),
    ("settings.WORD", "live"),
    ("1 - 'a'", UNKNOWN),
]


FUNCTIONS = [
    ("def f(name):\n    return f'{name}/a'", "f('b')", "b/a"),
    ("f = lambda name: name + 'a'", "f('b')", "ba"),
    ("def f(k, d):\n    if k in os.environ:\n        return 1\n    return Path(d)", "f('K', 'd')",
     PurePath("d")),
    ("def f(k, d='no'):\n    v = os.getenv(k, d)\n    return v == 'yes'", "f('K')", False),
    ("def f(k, d='no'):\n    v = os.getenv(k, d)\n    return v == 'yes'", "f('K', d='yes')", True),
    ("def f(v):\n    'Of a word.'\n    if v not in ('a', 'b'):\n        raise ValueError\n"
     "    return v", "f('a')", "a"),
    ("def f(v):\n    if v not in ('a', 'b'):\n        raise ValueError\n    return v", "f('c')",
     UNKNOWN),
    ("def f(k):\n    if not os.getenv(k):\n        return 'a'\n    return 'b'", "f('K')", "a"),
    ("def f(k):\n    if k not in os.environ:\n        return 'a'\n    return 'b'", "f('K')", "a"),
    ("def f(k):\n    if os.environ[k] == 'a':\n        return 1\n    return 2", "f('K')", UNKNOWN),
    ("def f(v):\n    if other:\n        return 1\n    return v", "f('a')", UNKNOWN),
    ("def f(v):\n    with v:\n        return 1", "f('a')", UNKNOWN),
    ("def f(v):\n    v = 1", "f('a')", UNKNOWN),
    ("def f(v):\n    return f(v)", "f('a')", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("function", "call", "value"), FUNCTIONS)
def test_function_of_the_settings_comes_to_its_value(function, call, value):
    """Helpers that people write around os.environ; anything else is unknown."""
    module = Module(lambda name: None, lambda path: False, {})
    module.files.append(Path("/app/shop/settings.py"))
    module.body(ast.parse(f"{function}\nVALUE = {call}\n").body, module.files[0])
    found = module.names["VALUE"]
    assert found is UNKNOWN if value is UNKNOWN else found == value


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_expression_comes_to_its_value(text, value):
    """Paths, texts, lists and questions; what only running would tell is unknown."""
    found = evaluate(ast.parse(text, mode="eval").body, NAMES)
    assert found is UNKNOWN if value is UNKNOWN else found == value


READ = [
    ('os.environ["A"]', {"A": (True, "")}),
    ('os.environ.get("A")', {"A": (False, "")}),
    ('os.environ.get("A").split(",")', {"A": (True, "")}),
    ('int(os.environ.get("A"))', {"A": (True, "int")}),
    ('int(os.environ.get("A", 1))', {"A": (False, "")}),
    ('os.environ.get("A")[0]', {"A": (True, "")}),
    ('env.bool("A")', {"A": (True, "bool")}),
    ('env.list("A", default=[])', {"A": (False, "list")}),
    ("env.db()", {"DATABASE_URL": (True, "db")}),
    ('env.db("A")', {"A": (True, "db")}),
    ('env = environ.Env(A=(bool, False))\nenv("A")', {"A": (False, "bool")}),
    ('with env.prefixed("B_"):\n    env("A")', {"B_A": (True, "")}),
    ('config("A", cast=bool)', {"A": (True, "bool")}),
    ('config("A", cast=Csv())', {"A": (True, "list")}),
    ("dj_database_url.config()", {"DATABASE_URL": (False, "db")}),
    ('dj_database_url.config(env="A")', {"A": (False, "db")}),
    ('def get(name):\n    return os.environ[name]\nget("A")', {"A": (True, "")}),
    ('def get(n, d=None):\n    return os.getenv(n, d)\nget("A", 1)', {"A": (False, "")}),
    ("class C(BaseSettings):\n    a: int\n    b: str = ''", {"A": (True, "int"), "B": (False, "")}),
    ("class C(BaseSettings):\n    a: list[str] = Field(...)", {"A": (True, "json-list")}),
]


@pytest.mark.parametrize(("text", "wanted"), READ)
def test_reader_is_understood(text, wanted):
    """Whether a variable may be missing, and what kind of value is asked for."""
    found = variables_in(ast.parse(text))
    assert {name: (item.required, item.kind) for name, item in found.items()} == wanted


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("DATABASE_URL", "sqlite://"),
        ("REDIS_URL", "redis://"),
        ("SENTRY_DSN", "https://"),
        ("API_ENDPOINT", "https://"),
        ("SMTP_PORT", "1"),
        ("EMAIL_HOST", "localhost"),
        ("ADMIN_EMAIL", "build@"),
        ("STRIPE_KEY", "only-for-the-build"),
        ("USE_S3", "False"),
        ("ANYTHING", "build"),
    ],
)
def test_placeholder_is_of_the_kind_that_the_name_tells(name, looks):
    """A value that can be read."""
    found = variables_in(ast.parse(f'os.environ["{name}"]'))[name]
    assert found.placeholder.startswith(looks)
