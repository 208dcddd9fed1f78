"""What a project's settings say, without running them."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from template.adopt.literals import UNKNOWN, Module, evaluate
from template.adopt.project import (
    PRODUCTION,
    ignored_by_git,
    module_file,
    own_code,
    parse,
    read,
)
from template.adopt.variables import Variable, name_of, reading_functions, variables_in

# The parts of a database's address: what a variable's name ends with, and what the stage has.
PARTS = {
    r"(HOST|HOSTNAME|HOST_NAME|ADDR|ADDRESS|SERVER|INSTANCE)$": "PGHOST",
    r"PORT$": "PGPORT",
    r"(PASSWORD|PASSWD|PASS|PWD|PW)$": "PGPASSWORD",
    r"(USER|USERNAME|USER_NAME)$": "PGUSER",
    r"(NAME|DB|DATABASE|DBNAME)$": "PGDATABASE",
}
OF_A_DATABASE = re.compile(
    r"(^|_)(PG|DB|DATABASES?|POSTGRES(QL)?|PSQL|SQL|RDS|MYSQL|MARIADB)", re.IGNORECASE
)
OF_AN_ENGINE = re.compile(
    r"(ENGINE|BACKEND|(^|_)(DB|DATABASE|SQL)_(TYPE|KIND|DRIVER))$", re.IGNORECASE
)
# Variables of a database that is not the default connection's, or of something else.
OF_ANOTHER = re.compile(
    r"REDIS|CACHE|BROKER|CELERY|REPLICA|READ|TEST|BACKUP|BUCKET|ADMIN|MYSQL|MARIADB|MONGO|ELASTIC|"
    r"CLICKHOUSE|INFLUX|NEO4J|S3"
)
# What engines of other servers are called, and the servers.
SERVERS = {
    **{"mysql": "MySQL", "mariadb": "MySQL", "oracle": "Oracle", "djongo": "MongoDB"},
    **{"mongodb": "MongoDB", "mssql": "SQL Server", "sql_server": "SQL Server"},
}
# Variables that a stage has once stages.toml switches something on: names that stand for them.
SWITCHES = {
    re.compile(r"(^|_)REDIS(_TLS)?_UR[LI]$"): ("CACHE_URL", "cache = true"),
    re.compile(r"(^|_)(AWS|S3)\w*BUCKET(_NAME)?$"): ("AWS_STORAGE_BUCKET_NAME", "uploads = true"),
    re.compile(r"(^|_)DEFAULT_FROM_EMAIL$"): ("DEFAULT_FROM_EMAIL", 'mail_from = "..."'),
}
OF_OTHERS = re.compile(
    r"AWS|S3|STRIPE|PAY|CAPTCHA|OAUTH|SOCIAL|JWT|GITHUB|GOOGLE|MINIO", re.IGNORECASE
)
CHOOSING = re.compile(r"(?<!SENTRY)(^|_)(ENV|ENVIRONMENT|STAGE|MODE)(_NAME|_TYPE)?$", re.IGNORECASE)
ELSEWHERE = re.compile(r"s3|boto|gcloud|google|azure|cloudinary|digitalocean", re.IGNORECASE)


@dataclass
class Settings:
    """What was read: the module, its files, the values that could be told, the variables."""

    module: str = ""
    files: list[Path] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    expressions: dict[str, list[ast.AST]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    text: str = ""
    missing: list[str] = field(default_factory=list)  # modules and files that an image has not
    dotenv: list[Path] = field(default_factory=list)  # files of variables that have to exist
    chosen: dict[str, str] = field(default_factory=dict)  # variables that choose the settings
    configuration: str = ""  # the class of django-configurations that production uses

    def texts(self, name: str) -> list[str]:
        """The texts in a list of the settings."""
        value = self.values.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def has(self, name: str) -> bool:
        """Whether the settings give this a value anywhere."""
        return bool(re.search(rf"^\s*{name}\s*(:.*)?\+?=", self.text, re.MULTILINE))

    @property
    def apps(self) -> list[str]:
        """The installed apps that could be told."""
        return [name for key in self.values if key.endswith("APPS") for name in self.texts(key)]

    @property
    def middleware(self) -> list[str]:
        """The middleware that could be told."""
        return self.texts("MIDDLEWARE")

    @property
    def default_database(self) -> dict[str, Any]:
        """The default connection, as far as it could be told."""
        databases = self.values.get("DATABASES")
        default = databases.get("default") if isinstance(databases, dict) else None
        return default if isinstance(default, dict) else {}

    @property
    def engine(self) -> str:
        """The engine of the default connection; empty where it could not be told."""
        engine = self.default_database.get("ENGINE", "")
        return engine if isinstance(engine, str) else ""

    def variables_of(self, node: ast.AST) -> dict[str, Variable]:
        """The variables that a part of the settings reads, by functions of its own too."""
        functions: dict[str, str] = {}
        for file in self.files:
            functions |= reading_functions(parse(file))
        return variables_in(node, functions)

    @property
    def database_variables(self) -> dict[str, Variable]:
        """The variables that the database's settings read."""
        names: set[str] = set()
        for name, expressions in self.expressions.items():
            if name in ("DATABASES", "DATABASE", "DB") or OF_A_DATABASE.search(name):
                for node in expressions:
                    names |= set(self.variables_of(node))
        names |= {name for name in self.variables if OF_A_DATABASE.search(name)}
        return {name: self.variables[name] for name in sorted(names) if name in self.variables}

    def of_the_stage(self) -> dict[str, str]:
        """The settings' own names for what a stage gives, each with the stage's name."""
        found: dict[str, str] = {}
        for name in self.database_variables:
            if OF_ANOTHER.search(name.upper()) or self.other_server or self.chooses_engine(name):
                continue
            if re.search(r"(URL|URI|DSN)$", name.upper()):
                found[name] = "DATABASE_URL"
            elif not re.search("ENGINE|SSL|CONN|OPTION|SCHEMA|SECRET", name.upper()):
                part = next((of for sign, of in PARTS.items() if re.search(sign, name.upper())), "")
                if part:
                    found[name] = part
        for setting in ("SECRET_KEY", "ALLOWED_HOSTS"):
            for node in self.expressions.get(setting, []):
                taken = {*found, *self.read_as_json()}
                names = [name for name in self.variables_of(node) if name not in taken]
                found |= dict.fromkeys(names[:1], setting)
            if setting not in found.values() and setting not in self.variables:
                found |= dict.fromkeys(self.named_like(setting), setting)
        return {name: of for name, of in found.items() if name != of}

    def read_as_json(self) -> dict[str, str]:
        """The variables of lists that the settings read as JSON, each with the stage's name."""
        found = {}
        for given in ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"):
            names = [
                name
                for node in self.expressions.get(given, [])
                if re.search(r"\b(loads|literal_eval)\(", ast.unparse(node))
                for name in variables_in(node)
            ]
            lists = (item.name for item in self.variables.values() if item.kind == "json-list")
            names += [name for name in lists if re.search(rf"(^|_){given}$", name)]
            found |= dict.fromkeys(names, given)
        return found

    def of_switches(self) -> dict[str, tuple[str, str]]:
        """The settings' own names for what a switch gives: the stage's name, and the switch."""
        return {
            name: given
            for name in sorted(self.variables)
            for sign, given in SWITCHES.items()
            if sign.search(name.upper())
        }

    def named_like(self, setting: str) -> list[str]:
        """The only variable whose name ends like a setting's, where nothing else tells it."""
        names = [name for name, item in self.variables.items()
                 if name.upper().endswith(f"_{setting}") and not OF_OTHERS.search(name)
                 and item.kind != "json-list"]  # fmt: skip
        return names if len(names) == 1 else []

    def debug_variable(self) -> dict[str, str]:
        """The variable that DEBUG comes from and its word for False, unless it is that already."""
        for node in self.expressions.get("DEBUG", [])[-1:]:
            names = self.variables_of(node)
            on = evaluate(node, self.values)
            if on is UNKNOWN and isinstance(node, ast.Call) and len(node.args) > 1:
                on = evaluate(node.args[1], self.values)  # the default of a function of its own
                on = on not in ("False", "false", "0", "no", "off") and on
            if len(names) == 1 and (on is UNKNOWN or on):
                (item,) = names.values()
                if on is UNKNOWN and not item.required:
                    continue
                number = re.search(r"\bint\(|cast=int", ast.unparse(node))
                plain = isinstance(node, ast.Call) and name_of(node.func) == "bool"
                return {item.name: "0" if number else "" if plain else "False"}
        return {}

    @property
    def is_debug(self) -> bool:
        """Whether DEBUG is on unless told otherwise: as "False" is, a text that is not empty."""
        value = self.values.get("DEBUG")
        return value in (True, 1) or (isinstance(value, str) and bool(value))

    def word_for_postgresql(self, name: str) -> str:
        """What a variable that chooses the database is compared with; nothing if with nothing."""
        inside = rf"backends\.(\{{|[\"'] *\+).*{name}|{name}.*backends\.%s"
        found = self.words_compared(name)
        return found[0] if found else "postgresql" if re.search(inside, self.text) else ""

    def words_compared(self, name: str) -> list[str]:
        """The words for PostgreSQL that a variable, or what it was given to, is compared with."""
        given = {one for one, values in self.expressions.items()
                 if any(name in variables_in(value) for value in values)}  # fmt: skip
        words = []
        for node in (node for path in self.files for node in ast.walk(parse(path))):
            if not isinstance(node, ast.Compare):
                continue
            items = list(ast.walk(node))
            names = {item.id for item in items if isinstance(item, ast.Name)}
            if name in variables_in(node) or names & given:
                words += [item.value for item in items if isinstance(item, ast.Constant)]
        words = [word for word in words if isinstance(word, str) and word != name]
        return [word for word in words if re.match("postg|psql|pg", word)]

    def chooses_engine(self, name: str) -> bool:
        """Whether a variable says which database it is, by its name or by what it is asked for."""
        return bool(OF_AN_ENGINE.search(name) or self.words_compared(name))

    @property
    def other_server(self) -> str:
        """Whose the default connection is where it cannot be PostgreSQL's; else nothing."""
        said = "".join(ast.unparse(node) for node in self.expressions.get("DATABASES", []))
        for word, name in SERVERS.items():
            if word in self.engine and "backends.postg" not in said:
                return name
        choice = re.search("postg|psycopg|sqlite|dj_database_url", self.text, re.IGNORECASE)
        return "MySQL" if not choice and "backends.mysql" in self.text else ""

    @property
    def has_no_database(self) -> bool:
        """Whether the settings leave the default connection to a file that an image has not."""
        if not self.module or self.configuration or self.is_connected:
            return False
        empty = self.default_database.get("ENGINE", UNKNOWN) in ("", "django.db.backends.")
        return empty or "DATABASES" not in self.expressions

    @property
    def is_connected(self) -> bool:
        """Whether the settings read a variable that says where the database is."""
        names = {*self.database_variables, *self.of_the_stage().values()}
        return bool({"DATABASE_URL", "PGHOST"} & names)

    @property
    def is_fixed_postgresql(self) -> bool:
        """Whether the default connection is PostgreSQL's, at a place that is written down."""
        return not self.is_connected and "postg" in self.engine

    @property
    def is_fixed_sqlite(self) -> bool:
        """Whether the default connection is a file of SQLite's that is written down."""
        return not self.is_connected and self.may_be_sqlite

    @property
    def may_be_sqlite(self) -> bool:
        """Whether the default connection is SQLite's, as far as it can be told."""
        return self.engine.rpartition(".")[2] in ("sqlite3", "spatialite")

    def static_is_elsewhere(self) -> bool:
        """Whether the static files are kept in a bucket, whatever the variables say."""
        storages = self.values.get("STORAGES")
        named = self.values.get("STATICFILES_STORAGE")
        if isinstance(storages, dict) and isinstance(storages.get("staticfiles"), dict):
            named = storages["staticfiles"].get("BACKEND")
        return isinstance(named, str) and bool(ELSEWHERE.search(named))

    def path_of(self, name: str) -> PurePath | None:
        """A path in the settings, where it could be told."""
        value = self.values.get(name)
        return PurePath(value) if isinstance(value, str | PurePath) and str(value) else None


def read_settings(root: Path, project: Path, module: str) -> Settings:
    """Read a module of settings and all that it imports from the project."""
    file = module_file(project, module) if module else None
    if not file:
        return Settings(module)
    ignored = ignored_by_git(root)

    def is_there(path: Path) -> bool:
        return path.is_file() and not ignored & {path, *path.parents}

    chosen = choosing_variables(file)
    names = Module(lambda name: module_file(project, name), is_there, chosen)
    names.read(file, parse)
    loaded = [*names.files]
    if is_there(package := file.parent / "__init__.py") and package not in loaded:
        # It is run first, whatever of it the module takes.
        before = Module(names.find, is_there, chosen)
        before.read(package, parse)
        loaded += [path for path in before.files if path not in loaded]
    variables: dict[str, Variable] = {}
    functions: dict[str, str] = {}
    for path in loaded:
        functions |= reading_functions(parse(path))
    for path in loaded:
        merge(variables, variables_in(parse(path), functions, names.names))
    for path in own_code(root):
        if path not in loaded:
            merge(variables, needed_at_import(path))
    for name in refused_without(loaded, names):
        variables[name] = Variable(name, required=True, kind=variables[name].kind)
    for node in names.expressions.get("SECRET_KEY", []):
        # Django refuses an empty one when it is first asked for.
        for name, item in variables_in(node, functions).items():
            if not has_value(names.names.get("SECRET_KEY")):
                variables[name] = Variable(name, True, item.kind)
    text = "\n".join(read(path) for path in names.files)
    values = {name: value for name, value in names.names.items() if value is not UNKNOWN}
    found = Settings(
        module,
        names.files,
        values,
        names.expressions,
        variables,
        text,
        names.missing,
        names.dotenv,
        chosen,
    )
    if names.classes:
        classes = re.findall(r"^class (\w+)", text, re.MULTILINE)
        of_production = [name for name in classes if name.lower() in PRODUCTION]
        found.configuration = (of_production or classes or [""])[0]
        # What `values` of django-configurations read by the setting's name.
        for name in re.findall(r"^\s+(\w+) = values\.Secret", text, re.MULTILINE):
            variables[f"DJANGO_{name}"] = Variable(f"DJANGO_{name}", required=True)
        if "values.DatabaseURLValue" in text:
            variables["DATABASE_URL"] = Variable("DATABASE_URL", kind="db")
    return found


def choosing_variables(file: Path) -> dict[str, str]:
    """The variables by which a file or its package chooses settings, with the word for production.

    The word is one that it compares with, or the name of a module that it may include.
    """
    found = {}
    for path in dict.fromkeys((file, file.parent / "__init__.py")):
        names = [name for name in variables_in(parse(path)) if CHOOSING.search(name)]
        words = re.findall(r"[\"'](production|prod|live)[\"']", read(path), re.IGNORECASE)
        if names and "include(" in read(path):
            words += [other.stem for other in sorted(path.parent.glob("*/*.py"))
                      if other.stem in PRODUCTION]  # fmt: skip
        found |= {name: words[0] for name in names if words}
    return found


def refused_without(files: list[Path], names: Module) -> set[str]:
    """The variables without which files raise an error of their own: `if not KEY: raise ...`."""
    found: set[str] = set()
    for node in (node for path in files for node in ast.walk(parse(path))):
        raises = isinstance(node, ast.If) and raises_in(node.body, names.names)
        if not raises and not isinstance(node, ast.Assert):
            continue
        # Where the answer is known without the environment, nothing of it is asked for.
        if raises and evaluate(node.test, {**names.names, "DEBUG": False}) is False:
            continue
        found |= set(variables_in(node.test))
        for name in (one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)):
            if name == "DEBUG" or has_value(names.names.get(name)):
                continue
            for value in names.expressions.get(name, []):
                found |= set(variables_in(value))
    return found


def raises_in(statements: list[ast.stmt], names: dict[str, Any]) -> bool:
    """Whether statements may end with an error where DEBUG is off."""
    for item in statements:
        if isinstance(item, ast.If):
            answer = evaluate(item.test, {**names, "DEBUG": False})
            taken = [] if answer is UNKNOWN else item.body if answer else item.orelse
            if raises_in(taken, names):
                return True
    return any(isinstance(item, ast.Raise) for item in statements)


def has_value(value: Any) -> bool:
    """Whether a setting came to something."""
    return value is not UNKNOWN and bool(value)


def merge(into: dict[str, Variable], more: dict[str, Variable]) -> None:
    """Add variables to those that are known; what needs one once needs it."""
    for name, variable in more.items():
        known = into.get(name, variable)
        into[name] = Variable(
            name, known.required or variable.required, known.kind or variable.kind
        )


def needed_at_import(path: Path) -> dict[str, Variable]:
    """The variables that a file cannot be imported without."""
    if "environ" not in (source := read(path)) and "config(" not in source:
        return {}
    top = [
        item
        for item in parse(path).body
        if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.If | ast.Try)
    ]
    found = variables_in(ast.Module(top, []))
    return {name: variable for name, variable in found.items() if variable.required}
