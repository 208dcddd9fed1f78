"""CloudFormation's intrinsic functions, worked out to plain values.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

NO_VALUE = object()
VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


class TemplateError(ValueError):
    """A template, or the parameters given to it, that CloudFormation would refuse."""


class Intrinsics:
    """Resolves values against what names stand for.

    `reference(name)` is what Ref gives, `attribute(resource, name)` what GetAtt does, and
    `condition(name)` whether a condition holds; each raises TemplateError for a stranger.
    """

    def __init__(
        self,
        reference: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
        condition: Callable[[str], bool],
        mappings: Mapping[str, Mapping[str, Mapping[str, Any]]],
        zones: list[str],
    ):
        self._reference = reference
        self._attribute = attribute
        self._condition = condition
        self._mappings = mappings
        self._functions = {
            "Condition": condition,
            "Fn::And": self._and,
            "Fn::Cidr": self._cidr,
            "Fn::Equals": self._equals,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda _region: zones,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Not": self._not,
            "Fn::Or": self._or,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
            "Ref": reference,
        }

    def resolve(self, value: Any) -> Any:
        """A plain value; NO_VALUE where the template says AWS::NoValue.

        Raises TemplateError for a function that is not known.
        """
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if function := _function(value):
            name, argument = function
            if name not in self._functions:
                raise TemplateError(f"{name} is not a function that the rehearsal knows")
            return self._functions[name](argument)
        resolved = {key: self.resolve(each) for key, each in value.items()}
        return {key: each for key, each in resolved.items() if each is not NO_VALUE}

    def _if(self, argument: list) -> Any:
        name, yes, no = argument
        return self.resolve(yes if self._condition(name) else no)

    def _equals(self, argument: list) -> bool:
        left, right = self.resolve(argument)
        return str(left) == str(right)

    def _not(self, argument: list) -> bool:
        return not self.resolve(argument[0])

    def _and(self, argument: list) -> bool:
        return all(self.resolve(each) for each in argument)

    def _or(self, argument: list) -> bool:
        return any(self.resolve(each) for each in argument)

    def _join(self, argument: list) -> str:
        separator, parts = argument
        return separator.join(map(str, self.resolve(parts)))

    def _split(self, argument: list) -> list[str]:
        separator, text = argument
        return self.resolve(text).split(separator)

    def _select(self, argument: list) -> Any:
        index, values = self.resolve(argument[0]), self.resolve(argument[1])
        if int(index) >= len(values):
            raise TemplateError(f"Fn::Select: there is no element {index} in {values}")
        return values[int(index)]

    def _find_in_map(self, argument: list) -> Any:
        name, *keys = self.resolve(argument)
        try:
            top, second = keys
            return self._mappings[name][str(top)][str(second)]
        except (KeyError, ValueError):
            raise TemplateError(f"Fn::FindInMap: there is no {name}.{'.'.join(keys)}") from None

    def _get_att(self, argument: str | list) -> Any:
        resource, _, name = (
            argument.partition(".")
            if isinstance(argument, str)
            else (argument[0], ".", argument[1])
        )
        return self._attribute(resource, name)

    def _sub(self, argument: str | list) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in own:
                return str(self.resolve(own[name]))
            return str(self._get_att(name) if "." in name else self._reference(name))

        return VARIABLE.sub(value, text)

    def _cidr(self, argument: list) -> list[str]:
        block, count, bits = self.resolve(argument)
        subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]


def _function(value: dict) -> tuple[str, Any] | None:
    if len(value) != 1:
        return None
    [(name, argument)] = value.items()
    is_condition = name == "Condition" and isinstance(argument, str)  # a policy has it as a block
    is_function = name == "Ref" or name.startswith("Fn::") or is_condition
    return (name, argument) if is_function else None
