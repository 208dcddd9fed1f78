"""The variables that the settings cannot be loaded without, and those that the Dockerfile sets."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What is not carried out each time that the settings are loaded, or not all of it.
CONDITIONAL = (
    *(ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.For, ast.While, ast.With, ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
)
READERS = ("config", "env")


def image_variables(root: Path = ROOT) -> dict[str, str]:
    """Return the variables that the Dockerfile sets, as far as there is one."""
    dockerfile = root / "Dockerfile"
    if not dockerfile.is_file():
        return {}
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.findall(r"^\s*ENV\s+(.*)", text.replace("\\\n", " "), re.MULTILINE | re.IGNORECASE)
    pairs = (word.partition("=") for line in lines for word in shlex.split(line))
    return {name: value for name, sign, value in pairs if sign}


def wanted_variables(root: Path = ROOT) -> set[str]:
    """Return the names that the settings of the image read without a default, come what may."""
    variables = image_variables(root)
    paths = variables.get("PYTHONPATH", "").split(":")
    folders = [root, *(root / path.removeprefix("/app").strip("/") for path in paths)]
    modules = list(follow(variables.get("DJANGO_SETTINGS_MODULE", ""), folders, set()))
    read = {name for tree in modules for name in required(tree)}
    return read - {name for tree in modules for name in given(tree)}


def follow(module: str, folders: list[Path], seen: set[str]) -> Iterator[ast.Module]:
    """Yield the code of a module, and of those of the project that it imports."""
    path = find(module, folders)
    if path is None or module in seen:
        return
    seen.add(module)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):  # for the tests to find
        return
    yield tree
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            yield from follow(".".join(filter(None, (above, node.module))), folders, seen)


def find(module: str, folders: list[Path]) -> Path | None:
    """Return the file of a module of the project, or None for others."""
    if not module:
        return None
    name = module.replace(".", "/")
    files = (folder / file for folder in folders for file in (f"{name}.py", f"{name}/__init__.py"))
    return next((file for file in files if file.is_file()), None)


def required(node: ast.AST) -> Iterator[str]:
    """Yield the variables that code reads without a default, where nothing decides whether."""
    if isinstance(node, CONDITIONAL):
        return
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        if name_of(node.value) == "environ" and (name := text(node.slice)):
            yield name
    elif isinstance(node, ast.Call) and reads(node) and (name := text(node.args[0])):
        yield name
    for child in ast.iter_child_nodes(node):
        yield from required(child)


def reads(call: ast.Call) -> bool:
    """Return whether a call is env("NAME"), env.str("NAME") or config("NAME"), with no default."""
    called = call.func
    reader = called if isinstance(called, ast.Name) else getattr(called, "value", None)
    known = isinstance(reader, ast.Name) and reader.id in READERS
    defaults = [one for one in call.keywords if one.arg in ("default", None)]
    return known and len(call.args) == 1 and not defaults


def name_of(node: ast.AST) -> str:
    """Return the last part of a name with dots."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def text(node: ast.AST) -> str:
    """Return the text that a node is, in the form of a variable's name, or nothing."""
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value.isupper() and value.isidentifier() else ""


def given(tree: ast.Module) -> Iterator[str]:
    """Yield names that code itself gives a value to: keys, keywords, first arguments of several."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from (text(key) for key in node.keys if key)
        elif isinstance(node, ast.Call):
            yield from (one.arg for one in node.keywords if one.arg)
            if len(node.args) > 1:
                yield text(node.args[0])
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield text(node.slice)
