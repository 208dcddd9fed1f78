"""The CloudFormation templates, in the order of deploying, and what each needs from the others."""

import re
from dataclasses import dataclass

from deploy.errors import SetupError
from deploy.settings import Settings
from deploy.stacks import TEMPLATES, Stack


@dataclass(frozen=True)
class Part:
    """One template of a stage; `gives` is an output that the person can bring along instead."""

    suffix: str
    template: str
    what: str
    gives: str

    def stack_name(self, project: str, stage: str) -> str:
        """Return the name of this part's stack."""
        return f"{project}-{stage}{self.suffix}"


NETWORK = Part("-network", "network.yml", "VPC and subnets, about 3 minutes", "VpcId")
DATABASE = Part(
    "-database", "database.yml", "PostgreSQL, about 10 minutes, costs money", "DatabaseHost"
)
ROLES = Part("-roles", "roles.yml", "what containers and releases may do, about 1 minute", "")
SERVICE = Part("", "stage.yml", "load balancer and service, about 5 minutes, costs money", "")
PARTS = (NETWORK, DATABASE, ROLES, SERVICE)


def parameter_names(template: str) -> list[str]:
    """Return the parameters that a template declares. The standard library reads no YAML."""
    _, _, after = (TEMPLATES / template).read_text().partition("\nParameters:\n")
    section = re.split(r"^\S", after, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^  (\w+):$", section, re.MULTILINE)


def check_parameters(settings: Settings) -> None:
    """Raise SetupError for a parameter from the person that no template of a stage declares."""
    known = {name for part in PARTS for name in parameter_names(part.template)}
    for stage, chosen in settings.parameters.items():
        if strange := sorted(set(chosen) - known):
            raise SetupError(
                f"{stage.upper()}_PARAMETERS names {', '.join(strange)}: no template declares it.",
                f"Choose from {', '.join(sorted(known))}; then run this again.",
            )


def needed_parts(
    chosen: dict[str, str], stacks: dict[str, Stack | None], project: str, stage: str
) -> list[Part]:
    """Return the parts of a stage to deploy: not those that the person brought along."""
    service_exists = stacks[SERVICE.stack_name(project, stage)] is not None
    return [
        part
        for part in PARTS
        if stacks[part.stack_name(project, stage)]
        or not (part.gives and (part.gives in chosen or service_exists))
    ]


def choose_parameters(part: Part, values: dict[str, str]) -> dict[str, str]:
    """Return the values that a part's template has parameters for."""
    return {name: values[name] for name in parameter_names(part.template) if name in values}
