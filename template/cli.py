"""The command line: adopt and rename, and how each of them can end."""

import argparse
import sys
from pathlib import Path

from template.adopt.adopt import adopt
from template.begin.rename import rename
from template.errors import TemplateError

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Run a command; return 0, or 1 where somebody has to mend something first."""
    parser = argparse.ArgumentParser(prog="python3 -m template", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adopting = commands.add_parser("adopt", help="take the pipeline into a Django project")
    adopting.add_argument("into", help="folder of the project")
    renaming = commands.add_parser("rename", help="give the sample other names")
    renaming.add_argument("name", help="name of the project, instead of itemsAPP")
    renaming.add_argument("app", help="name of the app, instead of itemslist")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "adopt":
            adopt(ROOT, chosen.into)
        else:
            rename(ROOT, chosen.name, chosen.app)
    except TemplateError as error:
        print(f"\n{error}\nNext: {error.advice}", file=sys.stderr)
        return 1
    return 0
