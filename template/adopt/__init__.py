"""Takes the pipeline into an existing Django project."""

import sys
from pathlib import Path

# The programs of the image are not in a package of this repository.
sys.path.insert(0, str(Path(__file__).parent / "image"))
