"""Which environment variables a file of settings reads, and which of them it cannot be without."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from template.adopt.literals import UNKNOWN, constant, evaluate

# How the readers of django-environ, environs and decouple name the kind of a value.
TYPES = ("bool", "int", "float", "list", "tuple", "dict", "json", "url", "db", "cache", "path")
# Methods of django-environ that read a variable of their own.
OWN_VARIABLE = {
    **dict.fromkeys(("db", "db_url", "dj_db_url"), "DATABASE_URL"),
    **dict.fromkeys(("cache", "cache_url", "dj_cache_url"), "CACHE_URL"),
    **dict.fromkeys(("email", "email_url", "dj_email_url"), "EMAIL_URL"),
    **dict.fromkeys(("search", "search_url"), "SEARCH_URL"),
}
# What a value goes through where it may not be missing.
CONVERTERS = ("int", "float", "Path", "loads", "literal_eval", "strtobool", "join", "b64decode")
# By the name of the variable: what its value must look like to be read.
PLACEHOLDERS = {
    r"(DATABASE|DB)_?(URL|URI|DSN)$": "sqlite:////tmp/build.sqlite3",
    r"(REDIS|CACHE|BROKER|CELERY).*(URL|URI)": "redis://localhost:6379/0",
    r"DSN$": "https://key@localhost/1",
    r"(URL|URI|ENDPOINT|ORIGIN)S?$": "https://localhost",
    r"PORT$|TIMEOUT|SECONDS|_AGE$|COUNT$|SIZE$|LIMIT|DAYS$|_TTL$": "1",
    r"HOSTS?$|DOMAIN$": "localhost",
    r"EMAIL": "build@example.com",
    # Some settings refuse a short one: Django's own have 50 characters.
    r"SECRET|KEY": "only-for-the-build-0123456789-0123456789-0123456789",
    r"DEBUG|^USE_|_ENABLED?$": "False",
}
OF_KIND = {
    "bool": "False",
    "int": "1",
    "float": "1",
    "dict": "{}",
    "json": "{}",
    "list": "localhost",
    "json-list": '["localhost"]',
    "postgres": "postgresql://build@localhost/build",
}


@dataclass(frozen=True)
class Variable:
    """A variable that is read: without a default where `required`; its kind where that is said."""

    name: str
    required: bool = False
    kind: str = ""

    @property
    def placeholder(self) -> str:
        """A value that nobody uses, of the kind that is asked for."""
        if self.kind == "list" and re.search("ORIGIN|URL", self.name):
            return "https://localhost"
        if self.kind in OF_KIND:
            return OF_KIND[self.kind]
        if self.kind in ("db", "db_url", "dj_db_url"):
            return "sqlite:////tmp/build.sqlite3"
        fitting = (
            value for pattern, value in PLACEHOLDERS.items() if re.search(pattern, self.name)
        )
        return next(fitting, "build")


class Reader(ast.NodeVisitor):
    """Collects the variables that are read in a tree."""

    def __init__(
        self, functions: dict[str, str] | None = None, names: dict[str, Any] | None = None
    ) -> None:
        self.found: dict[str, Variable] = {}
        self.prefix = ""
        self.schema: dict[str, str] = {}
        # Functions of the project's own that read the variable of their first argument.
        self.functions = functions or {}
        self.names = names or {}  # what is known of the settings
        self.left_out = False  # within a branch that production does not take

    def add(self, name: str, *, required: bool, kind: str = "") -> None:
        """Note a variable; what needs it once needs it."""
        known = self.found.get(name, Variable(name))
        required = required and not self.left_out
        self.found[name] = Variable(name, known.required or required, known.kind or kind)

    def visit_If(self, node: ast.If) -> None:
        """A branch that is not taken needs no variable."""
        answer = evaluate(node.test, {**self.names, "DEBUG": False}) if self.names else UNKNOWN
        self.visit(node.test)
        for body, taken in ((node.body, True), (node.orelse, False)):
            before = self.left_out
            self.left_out = before or (answer is not UNKNOWN and bool(answer) != taken)
            for item in body:
                self.visit(item)
            self.left_out = before

    def visit_With(self, node: ast.With) -> None:
        """A prefix of environs: with env.prefixed("DJANGO_")."""
        before = self.prefix
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and name_of(call.func).endswith(".prefixed"):
                self.prefix += str(constant(call.args[0]) or "")
        self.generic_visit(node)
        self.prefix = before

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The fields of pydantic's settings are variables in capitals."""
        if any(name_of(base).endswith("Settings") for base in node.bases):
            for name, required, kind in fields(node):
                self.add(name, required=required, kind=kind)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """os.environ["NAME"]."""
        if isinstance(node.ctx, ast.Load) and is_environ(node.value):
            if name := text(node.slice):
                self.add(name, required=True)
        elif isinstance(node.value, ast.Call):
            self.need(node.value)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """os.environ.get("NAME").split(",") cannot be without a value."""
        if isinstance(node.value, ast.Call):
            self.need(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """The readers, and what cannot convert nothing."""
        function = name_of(node.func)
        if function.rpartition(".")[2] in CONVERTERS:
            kind = function if function in ("int", "float") else ""
            for argument in node.args:
                self.need(argument, kind)
        self.read(node, function)
        self.generic_visit(node)

    def need(self, node: ast.AST, kind: str = "") -> None:
        """Note that a call like os.environ.get("NAME") may not give nothing."""
        if isinstance(node, ast.Subscript) and is_environ(node.value) and text(node.slice):
            self.add(text(node.slice), required=True, kind=kind)
        reads = isinstance(node, ast.Call) and is_get(name_of(node.func)) and bool(node.args)
        if reads and not default_of(node) and (name := text(node.args[0])):
            self.add(name, required=True, kind=kind)

    def read(self, node: ast.Call, function: str) -> None:
        """Note the variable that a call reads, if it does."""
        first = text(node.args[0]) if node.args else ""
        owner, _, method = function.rpartition(".")
        if is_get(function):
            if first:
                self.add(first, required=False)
        elif function.endswith("Env") and node.keywords:
            self.schema |= {word.arg: kind_of(word.value) for word in node.keywords if word.arg}
        elif method in self.functions and first:
            self.add(first, required=self.functions[method] == "required" and not default_of(node))
        elif function in ("dj_database_url.config", "dj_config"):
            self.add(keyword(node, "env") or "DATABASE_URL", required=False, kind="db")
        elif method == "config" or function == "config":
            if first and re.fullmatch(r"\w+", first):
                self.add(first, required=not default_of(node), kind=cast_of(node))
        elif self.is_env(owner or function) and (
            method in (*TYPES, *OWN_VARIABLE, "str", "") or not owner
        ):
            self.read_env(node, method if owner else "str", first)

    def is_env(self, owner: str) -> bool:
        """Whether it is what people call a reader of django-environ or environs."""
        return owner.rpartition(".")[2] in ("env", "ENV")

    def read_env(self, node: ast.Call, method: str, first: str) -> None:
        """Note what env("NAME") or env.bool("NAME") reads."""
        name = first or OWN_VARIABLE.get(method, "")
        if not name:
            return
        has_default = default_of(node) or name in self.schema
        kind = cast_of(node) or self.schema.get(name, "") or ("" if method == "str" else method)
        self.add(self.prefix + name, required=not has_default, kind=kind)


def fields(node: ast.ClassDef) -> Iterator[tuple[str, bool, str]]:
    """The variables of a class of pydantic's: name, whether it has no default, its kind."""
    source = ast.unparse(node)
    found = re.search(r"env_prefix['\"]?\s*[=:]\s*['\"](\w*)['\"]", source)
    prefix = found[1] if found else ""
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            alias = re.search(r"alias=['\"](\w+)['\"]", ast.unparse(item))
            name = alias[1] if alias else prefix + item.target.id
            if item.target.id != "model_config":
                annotation = ast.unparse(item.annotation)
                empty = item.value is None or re.match(
                    r"Field\(\.\.\.|Field\((?!.*default)", ast.unparse(item.value)
                )
                yield name.upper(), bool(empty), kind_of_annotation(annotation)


def kind_of_annotation(annotation: str) -> str:
    """The kind of value that an annotation asks for; pydantic reads lists as JSON."""
    for word, kind in (("list", "json-list"), ("dict", "json"), ("bool", "bool"), ("int", "int")):
        if re.search(rf"\b{word}\b", annotation, re.IGNORECASE):
            return kind
    return "postgres" if "Postgres" in annotation else ""


def reading_functions(tree: ast.AST) -> dict[str, str]:
    """The functions that read the variable of their first argument, and whether it is required."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            first = node.args.args[0].arg
            source = ast.unparse(node)
            if re.search(rf"environ\[{first}\]|env\({first}\)", source):
                found[node.name] = "required"
            elif re.search(rf"(environ\.get|getenv)\({first}\b", source):
                found[node.name] = "required" if "raise" in source else "optional"
    return found


def name_of(node: ast.AST) -> str:
    """The dotted name of what is called; empty where it has none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def is_environ(node: ast.AST) -> bool:
    """Whether it is os.environ."""
    return name_of(node) in ("os.environ", "environ", "env", "ENV", "os.environ.copy")


def is_get(function: str) -> bool:
    """Whether it is os.environ.get or os.getenv."""
    return function in ("os.environ.get", "environ.get", "os.getenv", "getenv", "os.environ.pop")


def default_of(node: ast.Call) -> bool:
    """Whether a call gives a default, in the second place or by its name."""
    named = [word for word in node.keywords if word.arg in ("default", "env_default", "fallback")]
    words = [word.value for word in named] + node.args[1:2]
    return any(
        not (isinstance(word, ast.Constant) and word.value is None) for word in words
    ) or bool(named)


def cast_of(node: ast.Call) -> str:
    """The kind that cast= asks for."""
    for word in node.keywords:
        if word.arg == "cast":
            found = name_of(word.value if not isinstance(word.value, ast.Call) else word.value.func)
            return {"Csv": "list", "db_url": "db"}.get(found.rpartition(".")[2], found)
    return ""


def kind_of(node: ast.AST) -> str:
    """The kind in the schema of an Env: (bool, False), or bool."""
    return name_of(node.elts[0]) if isinstance(node, ast.Tuple) and node.elts else name_of(node)


def keyword(node: ast.Call, name: str) -> str:
    """The text that a call is given by that name."""
    return next((text(word.value) for word in node.keywords if word.arg == name), "")


def text(node: ast.AST) -> str:
    """The text of a constant; empty where it is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def variables_in(
    tree: ast.AST,
    functions: dict[str, str] | None = None,
    names: dict[str, Any] | None = None,
) -> dict[str, Variable]:
    """The variables that a tree reads, by their names; with `names`, what is known of settings."""
    reader = Reader({**(functions or {}), **reading_functions(tree)}, names)
    reader.visit(tree)
    return reader.found
