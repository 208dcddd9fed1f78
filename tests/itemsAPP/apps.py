"""An application of the tests: what serves every application is tested with it."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Has no migrations: its tables are made with the test database."""

    name = "tests.itemsAPP"
    label = "sandbox"
