"""What expressions of settings come to, as far as that can be read without running them."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any


class Unknown:
    """What only running the settings would tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()
# What people call the module of their settings that they keep out of Git.
OWN_MODULE = re.compile(
    r"(local|my|secret|private)_?(settings|config|conf|secrets?|keys)"
    r"|(settings|config)_?(local|secrets?|private)"
)
# Readers of decouple's that fail without their file, and what asks whether one is there.
REPOSITORIES = ("RepositoryEnv", "RepositoryIni")
FILE_QUESTIONS = ("exists", "isfile", "is_file")
# Among the names: the variables whose values an image has, by their names.
ENVIRONMENT = "os.environ"


@dataclass(frozen=True)
class Function:
    """A function of the settings' own, of assignments, questions and results."""

    arguments: list[str]
    defaults: list[ast.expr]  # of the last arguments
    body: list[ast.stmt]


PATHS = ("Path", "pathlib.Path", "environ.Path", "os.path.abspath", "os.path.realpath", "abspath",
         "realpath", "os.path.normpath", "normpath", "str", "os.fspath", "root")  # fmt: skip
JOINS = ("os.path.join", "join", "path.join")
PARENTS = ("os.path.dirname", "dirname", "path.dirname")
CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "int": int,
    **dict.fromkeys(
        ("strtobool", "distutils.util.strtobool", "str2bool"),
        lambda word: str(word).lower() in ("1", "true", "t", "yes", "y", "on"),
    ),
}


def constant(node: ast.AST) -> Any:
    """The value of an expression without names; UNKNOWN where it has any."""
    return evaluate(node, {})


def evaluate(node: ast.AST, names: dict[str, Any]) -> Any:
    """The value of an expression, given the values of names; UNKNOWN where it cannot be told."""
    reading = READINGS.get(type(node))
    try:
        return reading(node, names) if reading else UNKNOWN
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return UNKNOWN


def of_collection(node: Any, names: dict[str, Any]) -> list[Any]:
    """The elements of a list, a tuple or a set, and those of lists that are put into it."""
    found: list[Any] = []
    for item in node.elts:
        value = evaluate(item.value if isinstance(item, ast.Starred) else item, names)
        if isinstance(item, ast.Starred):
            found += value if isinstance(value, list) else []
        else:
            found.append(value)
    return found


def of_dict(node: ast.Dict, names: dict[str, Any]) -> dict[Any, Any]:
    """The pairs of a dictionary whose keys are texts."""
    found: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        read = evaluate(value, names)
        if key is None:
            found |= read if isinstance(read, dict) else {}
        elif isinstance(name := evaluate(key, names), str):
            found[name] = read
    return found


def of_operation(node: ast.BinOp, names: dict[str, Any]) -> Any:
    """A path and a name, two texts, two lists; django-environ's path minus levels."""
    left, right = evaluate(node.left, names), evaluate(node.right, names)
    if isinstance(left, list) and isinstance(node.op, ast.Add):
        return left + (right if isinstance(right, list) else [])
    if UNKNOWN in (left, right):
        return right if isinstance(right, list) else UNKNOWN
    if isinstance(node.op, ast.Div):
        return PurePath(left) / right
    if isinstance(node.op, ast.Sub) and isinstance(left, PurePath):
        return left.parents[right - 1]
    if isinstance(node.op, ast.Mod) and isinstance(left, str):
        return UNKNOWN
    return f"{left}{right}" if isinstance(node.op, ast.Add) else UNKNOWN


def of_lambda(node: ast.Lambda, names: dict[str, Any]) -> Any:
    """A function without a name."""
    return function_of(node.args, [ast.Return(node.body)])


def function_of(arguments: ast.arguments, body: list[ast.stmt]) -> Function:
    """A function, to be called with values that are known."""
    return Function([one.arg for one in arguments.args], arguments.defaults, body)


def called(function: Function, node: ast.Call, names: dict[str, Any]) -> Any:
    """What a function comes to, as far as that can be told."""
    first = len(function.arguments) - len(function.defaults)
    defaults = [evaluate(value, names) for value in function.defaults]
    given = dict(zip(function.arguments[first:], defaults, strict=True))
    values = [evaluate(item, names) for item in node.args]
    given |= dict(zip(function.arguments, values, strict=False))
    given |= {word.arg: evaluate(word.value, names) for word in node.keywords if word.arg}
    found = result(function.body, {**names, dotted(node.func): UNKNOWN, **given})
    return UNKNOWN if found is None else found[0]


def result(body: list[ast.stmt], names: dict[str, Any]) -> tuple[Any] | None:
    """The value that statements return, in a tuple; nothing where they return none."""
    for item in body:
        match item:
            case ast.Return(value=value):
                return (evaluate(value, names) if value else None,)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = evaluate(value, names)
            case ast.If(test=test):
                answer = evaluate(test, names)
                if answer is UNKNOWN:
                    answer = without_variables(test)
                if answer is UNKNOWN:
                    return (UNKNOWN,)
                if found := result(item.body if answer else item.orelse, names):
                    return found
            case ast.Expr(value=ast.Constant()):
                continue
            case _:
                return (UNKNOWN,)
    return None


def without_variables(test: ast.expr) -> Any:
    """The answer to whether the environment has a variable, where it has none."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        answer = without_variables(test.operand)
        return UNKNOWN if answer is UNKNOWN else not answer
    if isinstance(test, ast.Compare) and dotted(test.comparators[0]).endswith("environ"):
        return isinstance(test.ops[0], ast.NotIn)
    reads = isinstance(test, ast.Call) and dotted(test.func).endswith(("environ.get", "getenv"))
    return False if reads else UNKNOWN


def of_attribute(node: ast.Attribute, names: dict[str, Any]) -> Any:
    """The parent of a path, or a value of django.conf.settings."""
    if isinstance(node.value, ast.Name) and node.value.id == "settings":
        return names.get(node.attr, UNKNOWN)
    value = evaluate(node.value, names)
    if isinstance(value, PurePath) and node.attr in ("parent", "parents", "name"):
        return getattr(value, node.attr)
    return UNKNOWN


def of_subscript(node: ast.Subscript, names: dict[str, Any]) -> Any:
    """An entry of a dictionary, a list, or the parents of a path; a variable that is known."""
    if dotted(node.value) in ("os.environ", "environ"):
        return names.get(ENVIRONMENT, {}).get(evaluate(node.slice, names), UNKNOWN)
    value = evaluate(node.value, names)
    return UNKNOWN if value is UNKNOWN else value[evaluate(node.slice, names)]


def of_call(node: ast.Call, names: dict[str, Any]) -> Any:
    """Calls that lead to a path or a text, and defaults of variables."""
    function = dotted(node.func)
    arguments = [evaluate(item, names) for item in node.args]
    if isinstance(own := names.get(function), Function):
        return called(own, node, names)
    if function == "optional" and arguments:
        return arguments[0]
    if function in CONVERTERS and len(arguments) == 1 and arguments[0] is not UNKNOWN:
        return CONVERTERS[function](arguments[0])
    if (
        isinstance(node.func, ast.Attribute)
        and not node.args
        and node.func.attr
        in (*("resolve", "absolute", "as_posix", "expanduser", "strip", "lower"),)
    ):
        return evaluate(node.func.value, names)
    if function.endswith((".path", "root", "_DIR", ".joinpath")) and arguments:
        return joined(
            [
                evaluate(node.func, names)
                if not function.endswith((".path", ".joinpath"))
                else evaluate(node.func.value, names),
                *arguments,
            ]
        )
    if function in PATHS and arguments:
        return joined(arguments)
    if function in JOINS:
        return joined(arguments)
    if function in PARENTS:
        return PurePath(arguments[0]).parent if arguments[0] is not UNKNOWN else UNKNOWN
    return default_value(node, arguments, names)


def default_value(node: ast.Call, arguments: list[Any], names: dict[str, Any]) -> Any:
    """What a reader of variables gives: the value that is known, or else the default."""
    reader = dotted(node.func).split(".")
    known = {"env", "config", "get", "getenv", "environ"} & set(reader)
    given = names.get(ENVIRONMENT, {})
    if known and arguments and isinstance(arguments[0], str) and arguments[0] in given:
        return given[arguments[0]]
    for word in node.keywords:
        if word.arg == "default":
            return evaluate(word.value, names)
    return arguments[1] if known and len(arguments) > 1 else UNKNOWN


def joined(pieces: list[Any]) -> Any:
    """A path of pieces, all of which are known."""
    return UNKNOWN if UNKNOWN in pieces else PurePath(*map(str, pieces))


def of_text(node: ast.JoinedStr, names: dict[str, Any]) -> Any:
    """An f-string whose values are known."""
    found = [
        evaluate(part.value if isinstance(part, ast.FormattedValue) else part, names)
        for part in node.values
    ]
    return UNKNOWN if UNKNOWN in found else "".join(map(str, found))


def of_comparison(node: ast.Compare, names: dict[str, Any]) -> Any:
    """Whether two known values are equal, or one is in the other."""
    left, right = evaluate(node.left, names), evaluate(node.comparators[0], names)
    if UNKNOWN in (left, right) or len(node.ops) > 1:
        return UNKNOWN
    match node.ops[0]:
        case ast.Eq() | ast.Is():
            return left == right
        case ast.NotEq() | ast.IsNot():
            return left != right
        case ast.In():
            return left in right
        case ast.NotIn():
            return left not in right
    return UNKNOWN


def of_negation(node: ast.UnaryOp, names: dict[str, Any]) -> Any:
    """not, and a number's sign."""
    value = evaluate(node.operand, names)
    if value is UNKNOWN:
        return UNKNOWN
    return not value if isinstance(node.op, ast.Not) else -value


def of_choice(node: ast.IfExp, names: dict[str, Any]) -> Any:
    """One of two, where the question can be answered."""
    answer = evaluate(node.test, names)
    if answer is UNKNOWN:
        return UNKNOWN
    return evaluate(node.body if answer else node.orelse, names)


def of_boolean(node: ast.BoolOp, names: dict[str, Any]) -> Any:
    """and, or: the first that decides."""
    for item in node.values:
        value = evaluate(item, names)
        if value is UNKNOWN or bool(value) == isinstance(node.op, ast.Or):
            return value
    return value


def dotted(node: ast.AST) -> str:
    """The dotted name of an expression; empty where it has none."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


READINGS: dict[type, Any] = {
    ast.Constant: lambda node, _: node.value,
    ast.Name: lambda node, names: names.get(node.id, UNKNOWN),
    ast.List: of_collection,
    ast.Tuple: of_collection,
    ast.Set: of_collection,
    ast.Dict: of_dict,
    ast.BinOp: of_operation,
    ast.Attribute: of_attribute,
    ast.Lambda: of_lambda,
    ast.Subscript: of_subscript,
    ast.Call: of_call,
    ast.JoinedStr: of_text,
    ast.Compare: of_comparison,
    ast.UnaryOp: of_negation,
    ast.IfExp: of_choice,
    ast.BoolOp: of_boolean,
}


def asks_for_a_file(test: ast.expr) -> bool:
    """Whether a question is about a file that may be missing, as os.path.exists(...)."""
    calls = (node for node in ast.walk(test) if isinstance(node, ast.Call))
    return any(is_method(call, (*FILE_QUESTIONS, "find_spec")) for call in calls)


def is_method(call: ast.Call, words: tuple[str, ...]) -> bool:
    """Whether it calls one of these, of whatever object."""
    named = call.func.id if isinstance(call.func, ast.Name) else ""
    return (call.func.attr if isinstance(call.func, ast.Attribute) else named) in words


def is_read(call: ast.Call) -> bool:
    """Whether open(...) opens a file to read it."""
    modes = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "mode")]
    return all(isinstance(mode, ast.Constant) and str(mode.value)[:1] == "r" for mode in modes)


def gives_up(item: ast.Try) -> bool:
    """Whether a `try` ends with an error all the same, one of its own."""
    ends = [handler.body[-1] for handler in item.handlers]
    return any(isinstance(end, ast.Raise) or "exit(" in ast.unparse(end) for end in ends)


class Module:
    """The names that a file of settings and those that it imports come to, in their order."""

    def __init__(
        self, find: Any, is_there: Callable[[Path], bool], environment: dict[str, str]
    ) -> None:
        self.names: dict[str, Any] = {ENVIRONMENT: environment}
        self.find = find  # module -> the path of a file of the project's own, or nothing
        self.is_there = is_there  # whether an image has a file
        self.files: list[Path] = []
        self.missing: list[str] = []  # modules and files that the settings want and nobody has
        self.dotenv: list[Path] = []  # files of variables that have to exist
        self.classes: set[Path] = set()  # files whose settings are django-configurations' classes
        self.guarded = 0  # how many `try` are around
        # The expressions that were ever given to a name, whatever came of the questions before.
        self.expressions: dict[str, list[ast.AST]] = {}

    def read(self, path: Path, parse: Any) -> None:
        """Take in a file, and what it imports from."""
        if path in self.files:
            return
        self.files.append(path)
        before = self.names.get("__file__", UNKNOWN)
        self.names["__file__"] = PurePath(path)
        self.parse = parse
        if "import Configuration" in path.read_text(errors="replace"):
            self.classes.add(path)
        self.body(parse(path).body, path)
        self.names["__file__"] = before

    def note_files(self, item: ast.stmt) -> None:
        """Note the files that a statement opens to read and that are not there."""
        for node in ast.walk(item):
            if not isinstance(node, ast.Call) or self.guarded:
                continue
            name = dotted(node.func)
            if name in ("open", "io.open", "codecs.open") and node.args and is_read(node):
                place = evaluate(node.args[0], self.names)
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "read_text":
                place = evaluate(node.func.value, self.names)
            elif (name.endswith(REPOSITORIES) and node.args) or self.is_parser(node):
                place = evaluate(node.args[0], self.names)
            else:
                continue
            self.want(place)

    def note_question(self, item: ast.If) -> None:
        """Note a file without which settings raise an error: if not FILE.exists(): raise ..."""
        refuses = any(isinstance(one, ast.Raise) for one in item.body)
        refuses = refuses and any(isinstance(one, ast.Not) for one in ast.walk(item.test))
        for call in (node for node in ast.walk(item.test) if isinstance(node, ast.Call)):
            if refuses and is_method(call, FILE_QUESTIONS):
                self.want(evaluate(call.args[0] if call.args else call.func.value, self.names))

    def want(self, place: Any) -> None:
        """Note a file that settings cannot do without, if an image has it not."""
        if not isinstance(place, str | PurePath):
            return
        near = [parent / place for parent in self.files[0].parents[:3]]
        if PurePath(place).is_absolute() and PurePath(place).name.startswith(".env"):
            self.dotenv.append(Path(place))
        elif not any(self.is_there(path) for path in near):
            inside = PurePath(place).is_relative_to(self.files[0].parent.parent)
            self.missing.append(PurePath(place).name if inside else str(place))

    def is_parser(self, node: ast.Call) -> bool:
        """Whether it is PARSER.read("file.ini") of configparser's."""
        if not is_method(node, ("read", "read_file")) or not node.args:
            return False
        made = self.expressions.get(dotted(node.func).rpartition(".")[0], [])
        return any("ConfigParser(" in ast.unparse(value) for value in made)

    def body(self, statements: list[ast.stmt], path: Path) -> None:
        """Take in statements, both sides of a question that cannot be answered."""
        for item in statements:
            if isinstance(item, ast.Assign | ast.AnnAssign | ast.Expr | ast.With):
                self.note_files(item)
            match item:
                case ast.ImportFrom():
                    self.imported(item, path)
                case ast.Import():
                    for alias in item.names:
                        self.follow(alias.name, path)
                case ast.FunctionDef(name=name, args=args, body=body):
                    self.names[name] = function_of(args, body)
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self.assign(target, value)
                    self.imported_by_name(value, path)
                case ast.AnnAssign(target=target, value=value) if value is not None:
                    self.assign(target, value)
                case ast.AugAssign(target=ast.Name(id=name), value=value):
                    self.extend(name, value)
                case ast.If(test=test, body=body, orelse=orelse):
                    # A stage runs without DEBUG.
                    answer = evaluate(test, {**self.names, "DEBUG": False})
                    self.guarded += (asks := asks_for_a_file(test))
                    self.note_question(item)
                    self.body(body if answer is UNKNOWN or answer else [], path)
                    self.guarded -= asks
                    self.body(orelse if answer is UNKNOWN or not answer else [], path)
                case ast.Try() | ast.With():
                    self.guarded += (guards := isinstance(item, ast.Try) and not gives_up(item))
                    self.body(item.body, path)
                    self.guarded -= guards
                    self.body(getattr(item, "orelse", []), path)
                case ast.ClassDef(body=body) if path in self.classes:
                    self.body(body, path)
                case ast.Expr(value=ast.Call() as call):
                    self.called(call, path)

    def imported(self, item: ast.ImportFrom, path: Path) -> None:
        """Follow an import into a file of the project's own."""
        level = path
        for _ in range(item.level):
            level = level.parent
        if item.level:
            place = level / (item.module or "").replace(".", "/")
            names = [alias.name for alias in item.names]
            modules = [place / f"{name}.py" for name in names]
            files = [place.with_suffix(".py"), place / "__init__.py", *modules]
            if not item.module:  # from . import a, b
                files = modules if all(map(self.is_there, modules)) else files[1:]
            for file in files:
                if self.is_there(file) and file != path:
                    self.read(file, self.parse)
            there = place.is_dir() or any(map(self.is_there, files))
            if item.module and not there and not self.guarded:
                self.missing.append(f"{'.' * item.level}{item.module}")
        elif item.module:
            self.follow(item.module, path)

    def follow(self, module: str, path: Path) -> None:
        """Read a module of the project's own, and note one that nobody else's can be."""
        file = self.find(module)
        if file and file != path and self.is_there(file):
            self.read(file, self.parse)
        elif not self.guarded and self.is_own(module):
            self.missing.append(module)

    def imported_by_name(self, value: ast.expr, path: Path) -> None:
        """importlib.import_module("NAME")."""
        if isinstance(value, ast.Call) and dotted(value.func).endswith("import_module"):
            module = evaluate(value.args[0], self.names) if value.args else UNKNOWN
            if isinstance(module, str) and not module.startswith("."):
                self.follow(module, path)

    def is_own(self, module: str) -> bool:
        """Whether a module that is not there would be the project's, as far as its name tells."""
        top, _, rest = module.partition(".")
        package = self.find(top)
        if rest and package and package.name == "__init__.py":
            # A folder without __init__.py is a package all the same.
            return not package.parent.joinpath(*rest.split(".")).is_dir()
        return bool(self.find(module) or OWN_MODULE.fullmatch(module.rpartition(".")[2]))

    def assign(self, target: ast.AST, value: ast.AST) -> None:
        """Give a name, or an entry of a dictionary, what an expression comes to."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                self.assign(one, other)
        elif isinstance(target, ast.Name):
            self.expressions.setdefault(target.id, []).append(value)
            self.names[target.id] = evaluate(value, self.names)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self.expressions.setdefault(target.value.id, []).append(value)
            inside, key = self.names.get(target.value.id), evaluate(target.slice, self.names)
            if isinstance(inside, dict) and isinstance(key, str):
                inside[key] = evaluate(value, self.names)

    def extend(self, name: str, value: ast.AST) -> None:
        """NAME += [...]."""
        self.expressions.setdefault(name, []).append(value)
        more, before = evaluate(value, self.names), self.names.get(name)
        if isinstance(before, list) and isinstance(more, list):
            self.names[name] = [*before, *more]

    def called(self, call: ast.Call, path: Path) -> None:
        """NAME.insert(0, ...), NAME.append(...), NAME["a"].update(...), include("base.py")."""
        function = dotted(call.func)
        name, _, method = function.rpartition(".")
        if function == "include":
            patterns = evaluate(ast.List(call.args), self.names)
            for pattern in patterns:
                for file in sorted(path.parent.glob(pattern)) if isinstance(pattern, str) else []:
                    if self.is_there(file):
                        self.read(file, self.parse)
        elif method in ("insert", "append", "extend", "update") and call.args:
            self.expressions.setdefault(name, []).append(call.args[-1])
            value, before = evaluate(call.args[-1], self.names), self.names.get(name)
            if isinstance(before, list):
                more = value if isinstance(value, list) and method == "extend" else [value]
                self.names[name] = [*before, *more]
