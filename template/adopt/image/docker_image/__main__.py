"""Runs a step of the image's build: python -m docker_image STEP, followed by its folders."""

import sys
from importlib import import_module

step, *folders = sys.argv[1:]
import_module(f"docker_image.{step}").main(*folders)
