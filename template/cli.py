"""The command line: adopt, update and begin, and how each of them can end."""

import argparse
import os
import sys
from pathlib import Path

from template.adopt.adopt import adopt
from template.adopt.update import update, write_files
from template.begin.begin import Wish, begin
from template.begin.push import push
from template.errors import TemplateError

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Run a command; return 0, or 1 where somebody has to mend something first."""
    parser = argparse.ArgumentParser(prog="python3 -m template", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adopting = commands.add_parser("adopt", help="take the pipeline into a Django project")
    adopting.add_argument("into", help="folder of the project")
    updating = commands.add_parser("update", help="take what is newer into a project")
    updating.add_argument("into", help="folder of the project, which came from this template")
    writing = commands.add_parser("files", help="write what a project would be given elsewhere")
    writing.add_argument("into", help="folder of the project")
    writing.add_argument("out", help="empty folder")
    beginning = commands.add_parser("begin", help="make a copy of the template its owner's")
    beginning.add_argument("--name", default="", help="name of the project")
    beginning.add_argument("--app", default="", help="name of the sample's application")
    beginning.add_argument("--source", default="", help="URL of the template")
    beginning.add_argument("--empty", action="store_true", help="leave that application out")
    beginning.add_argument("--push", action="store_true", help="in GitHub Actions, and push it")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "adopt":
            adopt(ROOT, chosen.into)
        elif chosen.command == "update":
            update(ROOT, chosen.into)
        elif chosen.command == "files":
            write_files(ROOT, chosen.into, chosen.out)
        elif chosen.push:
            push(ROOT, os.environ)
        else:
            begin(ROOT, Wish(chosen.name, chosen.app, chosen.empty, chosen.source))
    except TemplateError as error:
        print(f"\n{error}\nNext: {error.advice}", file=sys.stderr)
        return 1
    return 0
