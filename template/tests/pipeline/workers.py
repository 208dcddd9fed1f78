"""A worker beside the web server of a stage: what deploy/infra/process.yml makes of a command."""

import copy
import functools
from dataclasses import replace

from deploy.stages import Process, StageChoices
from template.rehearsal import project
from template.rehearsal.cloudformation.templates import Stack

WORKER = "worker"
CHOICES = StageChoices(processes={WORKER: Process("python manage.py db_worker")})


@functools.cache
def _stacks() -> dict[str, Stack]:
    return project.deploy(choices=dict.fromkeys(project.STAGES, CHOICES))


def worker_stack(*, checked: bool = True) -> Stack:
    """The stack of staging's worker, or of one whose containers nothing checks."""
    stack = _stacks()[f"staging-process-{WORKER}"]
    if checked:
        return stack
    definition = copy.deepcopy(stack.resources["TaskDefinition"])
    (container,) = definition.properties["ContainerDefinitions"]
    del container["HealthCheck"]
    return replace(stack, resources={**stack.resources, "TaskDefinition": definition})
