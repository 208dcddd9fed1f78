"""The CloudFormation templates as AWS would read them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

LARGEST = 51_200  # bytes, what CloudFormation takes without an S3 bucket


class Loader(yaml.SafeLoader):
    """Reads short function forms such as !Ref as the text or list behind them."""


def function(loader: Loader, _: str, node: yaml.Node) -> Any:
    """Return what stands behind a function's name."""
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", function)


@cache
def read_template(path: Path) -> dict:
    """Return a template's sections."""
    return yaml.load(path.read_text(), Loader)  # noqa: S506 - a SafeLoader
