"""Runs the command line: python3 -m template adopt FOLDER, or rename NAME APP."""

import sys

from template.cli import main

sys.exit(main(sys.argv[1:]))
