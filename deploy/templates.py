"""The stacks of a stage, in the order of deploying, and what each needs from the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.parameters import (
    Choice,
    Wishes,
    choose,
    declared,
    declared_outputs,
    remembered,
)
from deploy.stacks import Stack


@dataclass(frozen=True)
class Part:
    """One template of a stage.

    `gives` is an output that the person can bring along instead. A part with a `key` is there
    where stages.toml has that key, and does not have the key `unless`. A process or a schedule is
    a part with the name of its `command`.
    """

    suffix: str
    template: str
    what: str
    gives: str = ""
    key: str = ""
    unless: str = ""
    command: str = ""

    def stack_name(self, project: str, stage: str) -> str:
        """Return the name of this part's stack."""
        return f"{project}-{stage}{self.suffix}"

    def is_on(self, switches: frozenset[str]) -> bool:
        """Return whether stages.toml wants the part, with these keys in it."""
        return not self.key or (self.key in switches and self.unless not in switches)


NETWORK = Part("-network", "network.yml", "VPC and subnets, about 3 minutes", "VpcId")
DATABASE = Part(
    "-database", "database.yml", "PostgreSQL, about 10 minutes, costs money", "DatabaseHost"
)
ROLES = Part("-roles", "roles.yml", "what containers and releases may do, about 1 minute")
SERVICE = Part("", "stage.yml", "load balancer and service, about 5 minutes, costs money")
# No key of stages.toml: setup finds out whether names of `domain` are in Route 53.
IN_ROUTE53 = "domain in Route 53"
CERTIFICATE = Part(
    "-certificate",
    "certificate.yml",
    "certificate, about 5 minutes",
    key="domain",
    unless="certificate",
)
RECORDS = Part("-records", "records.yml", "names in Route 53, about 1 minute", key=IN_ROUTE53)
CACHE = Part("-cache", "cache.yml", "Valkey, about 10 minutes, costs money", key="cache")
UPLOADS = Part("-uploads", "uploads.yml", "bucket for uploads, about 1 minute", key="uploads")
MAIL = Part("-mail", "mail.yml", "Amazon SES, about 1 minute", key="mail_from")
ALARMS = Part("-alarms", "alarms.yml", "alarms and dashboard, about 1 minute", key="alarms")
SCHEDULES = Part(
    "-schedules", "schedules.yml", "what starts the schedules, about 1 minute", key="schedules"
)
# In the order of deploying. The outputs of each are parameters of those after it, by their names;
# without its part, such a parameter has its default. A part that stages.toml switches on is one
# line here, and its key one in deploy/stages.py.
PARTS = (
    NETWORK,
    DATABASE,
    CACHE,
    CERTIFICATE,
    ROLES,
    UPLOADS,
    MAIL,
    SERVICE,
    RECORDS,
    SCHEDULES,
    ALARMS,
)
# Templates of which a stage has a stack for each command that stages.toml names.
PROCESS, SCHEDULE = "process.yml", "schedule.yml"
GITHUB_TEMPLATE = "github.yml"


@dataclass(frozen=True)
class StageStacks:
    """The stacks of a stage as they were before a run, and what the person chooses for it now.

    `commands` are the processes and schedules with their own parameters. `staying` are parts that
    are switched off, and that the person does not want deleted yet.
    """

    stacks: Mapping[Part, Stack | None]
    wishes: Wishes = field(default_factory=Wishes)
    switches: frozenset[str] = frozenset()
    commands: Mapping[Part, Mapping[str, str]] = field(default_factory=dict)
    staying: frozenset[Part] = frozenset()

    @property
    def chosen(self) -> Mapping[str, str]:
        """The parameters that the person chooses."""
        return self.wishes.values

    @property
    def needed(self) -> list[Part]:
        """The parts to deploy: not those that the person brought along, or that are off."""
        service_exists = self.stacks[SERVICE] is not None
        return [
            part
            for part in PARTS
            if part.is_on(self.switches)
            and (
                self.stacks[part]
                or not (part.gives and (self.chosen.get(part.gives) or service_exists))
            )
        ]

    @property
    def unwanted(self) -> list[Part]:
        """The parts that are switched off, and have a stack: what uses another one first."""
        commands = [part for part in self.stacks if part.command and part not in self.commands]
        switched_off = [part for part in reversed(PARTS) if not part.is_on(self.switches)]
        return [
            part
            for part in (*commands, *switched_off)
            if self.stacks[part] and part not in self.staying
        ]

    @property
    def processes(self) -> list[str]:
        """The names of the processes that there will be, in one order."""
        parts = (*self.commands, *self.staying)
        return sorted(part.command for part in parts if part.template == PROCESS)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stage's own stacks; nothing for those of a part that is to go."""
        found = {name: v for part in PARTS for name, v in self.outputs_of(part).items()}
        if self.outputs_of(NETWORK):
            # Setup's own to give and to take back: the network names them with a NAT gateway only.
            found["TaskSubnetIds"] = found["PrivateSubnetIds"] if self.has_nat_gateway else ""
        for part in self.unwanted:
            found |= dict.fromkeys(declared_outputs(part.template), "")
        return found

    def outputs_of(self, part: Part) -> dict[str, str]:
        """The outputs of one part's stack."""
        stack = self.stacks[part]
        return stack.outputs if stack else {}

    def value(self, part: Part, name: str) -> str:
        """Return what a parameter of a part will be: as chosen, as it is, or the default."""
        stack = self.stacks[part]
        before = stack.parameters.get(name) if stack else None
        if name in self.taken_out(part):
            before = None
        return self.chosen.get(name) or before or declared(part.template)[name].default or ""

    @property
    def has_nat_gateway(self) -> bool:
        """Whether the stage's own network will have a NAT gateway."""
        return self.value(NETWORK, "NatGateway") == "true"

    @property
    def loses_nat_gateway(self) -> bool:
        """Whether a NAT gateway goes that containers may still go out through."""
        network = self.stacks[NETWORK]
        has = network is not None and network.parameters.get("NatGateway") == "true"
        return has and not self.has_nat_gateway and self.stacks[SERVICE] is not None

    @property
    def order(self) -> list[Part]:
        """The parts in the order of deploying them: containers leave a gateway before it goes."""
        parts = [*self.needed, *self.commands]
        return sorted(parts, key=lambda part: part is NETWORK and self.loses_nat_gateway)

    def earlier(self, part: Part) -> frozenset[str]:
        """Return the parameters of a part that the person chose before in place of setup's."""
        stack, network = self.stacks[part], self.stacks[NETWORK]
        if stack is None:
            return frozenset()
        outputs = {k: v for k, v in self.outputs.items() if k in declared(part.template)}
        if "TaskSubnetIds" in outputs and network:
            # What an earlier setup left behind when a NAT gateway went is no choice of anybody's.
            outputs["TaskSubnetIds"] = network.outputs["PrivateSubnetIds"]
        return remembered(stack.parameters, stack.tags, outputs)

    def choose(self, part: Part, given: Mapping[str, str]) -> Choice:
        """Return what a part's stack gets of what setup gives and the person chooses."""
        taken_out = self.taken_out(part)
        return choose(part.template, given, self.wishes, self.earlier(part), taken_out)

    def taken_out(self, part: Part) -> frozenset[str]:
        """Return the parameters of a part that stages.toml gave before, and nobody gives now."""
        stack = self.stacks[part]
        if stack is None:
            return frozenset()
        # Without the snapshot's name AWS would replace the database by an empty one.
        return self.wishes.taken_out(stack.tags) - {"DBSnapshotIdentifier"}

    def new_count(self, *, has_image: bool) -> str:
        """Return how many containers to run where the person has no say: 0 at first, 1 with an
        image."""
        service = self.stacks[SERVICE]
        if service is None:
            return "0"
        if "DesiredCount" in self.taken_out(SERVICE):
            return "1" if has_image else "0"
        count = service.parameters["DesiredCount"]
        return "1" if count == "0" and has_image else count
