"""The processes and schedules of a stage: a stack for each, with the parameters of its own."""

import json
import re
from collections.abc import Mapping

from deploy.parameters import declared
from deploy.stages import NAME, Process, Schedule, StageChoices
from deploy.templates import PROCESS, SCHEDULE, Part

# What a command gets while its stage has no container: no image yet, or parked.
IDLE = {PROCESS: {"ProcessCount": "0"}, SCHEDULE: {"ScheduleState": "DISABLED"}}


def process_part(name: str) -> Part:
    """Return the part that a process is."""
    return Part(f"-process-{name}", PROCESS, f"process {name}", command=name)


def schedule_part(name: str) -> Part:
    """Return the part that a schedule is."""
    return Part(f"-schedule-{name}", SCHEDULE, f"schedule {name}", command=name)


def parts_of(choices: StageChoices) -> dict[Part, dict[str, str]]:
    """Return the parts of what is chosen, each with the parameters that it has of its own."""
    processes = {process_part(name): of_process(name, p) for name, p in choices.processes.items()}
    schedules = {schedule_part(name): of_schedule(name, s) for name, s in choices.schedules.items()}
    return processes | schedules


def of_process(name: str, process: Process) -> dict[str, str]:
    """Return the parameters of a process."""
    return {
        "ProcessName": name,
        "ProcessCommand": process.command,
        "ProcessCount": str(process.containers),
        "ProcessCpu": str(process.cpu),
    }


def of_schedule(name: str, schedule: Schedule) -> dict[str, str]:
    """Return the parameters of a schedule, its command as within the quotes of a JSON string."""
    return {
        "ScheduleName": name,
        "ScheduleCommand": json.dumps(schedule.command)[1:-1],
        "ScheduleCron": schedule.cron,
        "ScheduleState": "ENABLED",
    }


def part_of_stack(name: str) -> Part | None:
    """Return the part that a stack with this end of its name is, if it is a command's."""
    found = re.fullmatch(rf"-(process|schedule)-({NAME})", name)
    if not found:
        return None
    return process_part(found[2]) if found[1] == "process" else schedule_part(found[2])


def command_parameters(
    part: Part, own: Mapping[str, str], service: Mapping[str, str]
) -> dict[str, str]:
    """Return the parameters of a command's stack, with what the web server's has and puts out."""
    shared = {name: service[name] for name in declared(part.template) if name in service}
    idle = IDLE[part.template] if service["DesiredCount"] == "0" else {}
    return {**shared, **own, **idle}
