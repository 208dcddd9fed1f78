"""The project."""  # noqa: N999 - an old name, which addresses and habits depend on
