"""Runs the command line: python3 -m template adopt FOLDER, or begin --name NAME."""

import sys

from template.cli import main

sys.exit(main(sys.argv[1:]))
