"""A worker beside the web server of a stage: a service of its own, without a load balancer."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.iam.roles import Role

WORKER = "worker"
LIVES = {"Command": ["CMD-SHELL", "exit 0"], "Interval": "20"}
OF_THE_WEB = ("PortMappings", "SystemControls")


def worker_stack(stage: Stack, check: Mapping[str, Any] | None = LIVES) -> Stack:
    """A service `worker` like the stage's, whose tasks have that check of their container."""
    definitions = stage.of_type("AWS::ECS::TaskDefinition")
    services = stage.of_type("AWS::ECS::Service")
    resources = copy.deepcopy({**definitions, **services})
    (definition,) = (resources[name].properties for name in definitions)
    (service,) = (resources[name].properties for name in services)
    (container,) = definition["ContainerDefinitions"]
    definition["Family"] += f"-{WORKER}"
    container["Name"] = WORKER
    container["Command"] = ["sh", "-c", "exec python manage.py db_worker"]
    container["LogConfiguration"]["Options"]["awslogs-stream-prefix"] = WORKER
    for name in OF_THE_WEB:
        del container[name]
    if check:
        container["HealthCheck"] = dict(check)
    service["ServiceName"] = WORKER
    service["DesiredCount"] = "1"
    del service["LoadBalancers"], service["HealthCheckGracePeriodSeconds"]
    return replace(stage, resources=resources)


def allow(role: Role) -> None:
    """Let a release of the web server deploy and explain the worker, too."""
    (release,) = (
        document
        for document in role.policies.values()
        if any(each["Sid"] == "RedeployService" for each in document["Statement"])
    )
    named = {"RedeployService": ("/web", f"/{WORKER}"), "ReadLog": (":web/", f":{WORKER}/")}
    role.policies[WORKER] = {
        "Version": release["Version"],
        "Statement": [
            {**each, "Resource": each["Resource"].replace(*named[each["Sid"]])}
            for each in release["Statement"]
            if each["Sid"] in named
        ],
    }
