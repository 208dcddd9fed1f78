#!/usr/bin/env python
"""Django's command line for administrative tasks: python manage.py help."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the command of the command line on this project."""
    sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsAPP.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise ImportError(
            "Django is missing. Activate the virtual environment, then: "
            "pip install -r requirements.txt"
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
