"""Runs the command line: python3 -m deploy setup, doctor, run, logs and others."""

import sys

from deploy.cli import main

sys.exit(main(sys.argv[1:]))
