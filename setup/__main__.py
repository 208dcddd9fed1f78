"""Runs the command line: python3 -m setup setup, teardown or doctor."""

import sys

from setup.cli import main

sys.exit(main(sys.argv[1:]))
