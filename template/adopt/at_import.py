"""What code asks for when it is imported: a database without tables, a service without a login."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from template.adopt.project import own_code, parse, read

# The methods of a queryset that ask the database at once.
AT_ONCE = {"get", "first", "last", "count", "exists", "aggregate", "latest", "earliest", "in_bulk"}
AT_ONCE |= {"create", "get_or_create", "update_or_create", "iterator"}
CONVERTERS = {"list", "tuple", "set", "dict", "len", "sorted", "sum", "bool"}
SERVICES = {
    r"boto3\.\w+\(|\bssm\.get_parameter|get_secret_value": "AWS",
    r"SecretManagerServiceClient\(": "Google Cloud",
    r"\bSecretClient\(": "Azure",
    r"\bhvac\.Client\(": "Vault",
}
LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Try, ast.GeneratorExp)


def queries(root: Path) -> list[tuple[Path, int]]:
    """The files that ask the database while they are imported, each with a line that does."""
    found = []
    for path in own_code(root):
        if ".objects" in read(path) and "management" not in path.parts:
            lines = [node.lineno for node in run_at_import(parse(path)) if asks(node)]
            found += [(path, lines[0])] if lines else []
    return found


def run_at_import(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions that run when a module is imported, in order, but those within `try`."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, LATER) and not is_main(node):
            if isinstance(node, ast.expr):
                yield node
            yield from run_at_import(node)


def is_main(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__"`."""
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


def asks(node: ast.expr) -> bool:
    """Whether an expression makes a queryset and reads it."""
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        return is_queryset(node.generators[0].iter)
    if isinstance(node, ast.Subscript):
        return is_queryset(node.value)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in AT_ONCE and is_queryset(node.func.value)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return name in CONVERTERS and any(map(is_queryset, node.args))


def is_queryset(node: ast.expr) -> bool:
    """Whether it is Model.objects, or made of it by methods."""
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Attribute) and node.attr == "objects":
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def services(text: str) -> list[str]:
    """The services that keep secrets and that settings ask while they are loaded."""
    return [name for sign, name in SERVICES.items() if re.search(sign, text)]
