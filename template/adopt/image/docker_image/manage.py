"""Runs the project's manage.py from its own folder, wherever in the image that is."""

import os
import runpy
import sys

os.chdir(os.environ["PROJECT_DIR"])
sys.path[0] = os.environ["PROJECT_DIR"]
runpy.run_path(f"{sys.path[0]}/manage.py", run_name="__main__")
