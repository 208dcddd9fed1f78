"""Runs the command line: python3 -m deploy setup, teardown or doctor."""

import sys

from deploy.cli import main

sys.exit(main(sys.argv[1:]))
