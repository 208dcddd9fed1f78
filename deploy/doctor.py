"""`make doctor`: what is configured, what is missing, and the command that mends each gap."""

from deploy.aws import Aws, github_provider
from deploy.checks import (
    check_environment,
    check_schedules,
    check_services,
    check_together,
    check_variables,
    check_wanted,
    judge_production,
    undeployed,
    where_allowed,
)
from deploy.cluster import Cluster
from deploy.commands import parts_of
from deploy.console import (
    GOOD,
    MISSING,
    NOTE,
    UNSEEN,
    WRONG,
    Finding,
    heading,
    is_gap,
    print_findings,
    say,
)
from deploy.errors import SetupError
from deploy.github import read_repository, read_variables, subject_form
from deploy.programs import check_programs
from deploy.settings import Settings
from deploy.situation import Situation, check_choices, other_place
from deploy.stacks import USABLE, Stack, delete_command
from deploy.stages import FILE, StageChoices
from deploy.templates import (
    DATABASE,
    PARTS,
    PROCESS,
    ROLES,
    SCHEDULE,
    SCHEDULES,
    SERVICE,
    Part,
)
from deploy.variables import (
    OF_REPOSITORY,
    OF_STAGE,
    database_name,
    of_repository,
    of_stage,
)
from deploy.waiting import check_people


def doctor(settings: Settings) -> None:
    """Print what is there and what is missing; raise SetupError where something is to be mended."""
    check_programs()
    repository = read_repository()
    form = settings.subject_format or subject_form(repository)
    situation = Situation(settings, repository, read_variables(repository))
    check_choices(situation)
    say(f"Repository  {repository.full_name}")
    for _, _, context in trusts(situation):
        say(f"Subject     {repository.subject(form, context)}")
    findings = show("GitHub", check_github(situation)) + show("AWS", check_aws(situation, form))
    if gaps := sum(map(is_gap, findings)):
        raise SetupError(
            f"Things to mend: {gaps}.",
            "Run the commands after `mend:`, from the top, then `make doctor` again.",
        )
    heading("Nothing to mend.")


def trusts(situation: Situation) -> list[tuple[Aws, str, str]]:
    """Return where each role is, its name, and what the subject says of the job that it is for."""
    project = situation.project
    branch = f"ref:refs/heads/{situation.repository.default_branch}"
    releases = [
        (situation.aws_of(stage), f"{project}-{stage}-release", f"environment:{stage}")
        for stage in situation.stages
    ]
    return [(situation.aws, f"{project}-build", branch), *releases]


def show(title: str, findings: list[Finding]) -> list[Finding]:
    """Print findings under a title and return them."""
    heading(title)
    print_findings(findings)
    return findings


def check_file(situation: Situation) -> list[Finding]:
    """Say whether stages.toml can be what it is."""
    try:
        chosen = [stage for stage, one in situation.choices.items() if one != StageChoices()]
    except SetupError as error:
        return [Finding(WRONG, str(error), error.advice)]
    return [Finding(GOOD, f"{FILE} chooses for {', '.join(chosen)}")] if chosen else []


def is_readable(situation: Situation) -> bool:
    """Return whether stages.toml can be what it is, which `check_file` says."""
    return not any(map(is_gap, check_file(situation)))


def check_github(situation: Situation) -> list[Finding]:
    """Look at stages.toml, and at the repository's branch, environments and variables."""
    variables = situation.variables
    findings = check_file(situation)
    findings += check_variables(variables, OF_REPOSITORY, "repository") + check_together(variables)
    if finding := undeployed(situation.repository.default_branch):
        findings.append(finding)
    for stage, environment in situation.environments.items():
        findings += check_environment(environment, private=situation.repository.private)
        findings += check_variables(situation.stage_variables[stage], OF_STAGE, stage)
    return findings


def check_aws(situation: Situation, form: str) -> list[Finding]:
    """Look at the provider, the stacks, the roles and the services, where AWS lets us."""
    try:
        situation.log_in()
    except SetupError as error:
        return [Finding(UNSEEN, f"AWS was not asked: {error}", error.advice)]
    what = f"account {situation.account} in {situation.region}, as {situation.who}"
    findings = [Finding(GOOD, what)]
    if differing := other_place(situation):
        what, advice = differing
        return [*findings, Finding(WRONG, f"this repository is set up with {what}", advice)]
    findings += where_allowed("OIDC provider", check_provider, situation)
    try:
        findings += where_allowed("stacks", check_stacks, situation)
    except SetupError as error:  # they are another repository's
        return [*findings, Finding(WRONG, str(error), error.advice)]
    findings += where_allowed("roles", check_roles, situation, form)
    for stage, own in situation.stage_variables.items():
        known = situation.variables | own
        if all(known.get(name) for name in ("ECR_IMAGE_URL", *OF_STAGE)):
            look = (check_services, situation.aws_of(stage), stage, known)
            findings += where_allowed(f"service of {stage}", *look)
    return findings


def check_provider(situation: Situation) -> list[Finding]:
    """Say whether the account trusts tokens that GitHub signs."""
    arn = github_provider(situation.aws, situation.partition, situation.account)
    if not arn:
        return [Finding(MISSING, "the account's OIDC provider for GitHub Actions", "make setup")]
    return [Finding(GOOD, arn)]


def check_stacks(situation: Situation) -> list[Finding]:
    """Say which stacks are missing or stuck, which variables differ from their outputs, and what
    the reviewed stage lacks; raise SetupError for another repository's stack."""
    aws = situation.aws
    github = situation.find_own(aws, situation.github_name)
    findings = [judge_stack(aws, situation.github_name, github)]
    if github and github.outputs:
        findings += check_values(of_repository(aws.region, github), situation.variables)
    for stage in situation.stages:
        findings += check_stage(situation, stage)
    return findings


def check_stage(situation: Situation, stage: str) -> list[Finding]:
    """Say how the stacks of a stage are doing."""
    aws = situation.aws_of(stage)
    commands = situation.deployed_commands(stage)
    parts = (DATABASE, ROLES, SERVICE, *commands)
    names = {part: part.stack_name(situation.project, stage) for part in parts}
    found = {part: situation.find_own(aws, name) for part, name in names.items()}
    roles, service = found[ROLES], found[SERVICE]
    findings = [judge_stack(aws, names[part], found[part]) for part in (ROLES, SERVICE, *commands)]
    if roles and service and "ReleaseRoleArn" in roles.outputs and service.outputs:
        processes = sorted(part.command for part in commands if part.template == PROCESS)
        takes_snapshots = roles.parameters.get("SnapshotBeforeRelease") == "true"
        snapshot = database_name(found[DATABASE]) if takes_snapshots else ""
        wanted = of_stage(roles, service, processes, snapshot)
        findings += check_values(wanted, situation.stage_variables[stage], stage)
    if roles and service and service.outputs and (secret := roles.outputs.get("ConfigSecretArn")):
        cluster = Cluster(aws, stage, service.name, stack=service)
        findings += where_allowed(f"variables of {stage}", check_wanted, cluster, secret)
    if service and service.outputs and stage == situation.reviewed_stage:
        findings += judge_production(stage, service, found[DATABASE])
    if schedules := [part.command for part in commands if part.template == SCHEDULE]:
        look = (check_schedules, aws, stage, names[SERVICE], schedules)
        findings += where_allowed(f"schedules of {stage}", *look)
    if service and service.outputs:
        what = f"what {FILE} switches on for {stage}"
        findings += where_allowed(what, check_switches, situation, stage, service)
    return findings + check_chosen(situation, stage, commands)


def check_switches(situation: Situation, stage: str, service: Stack) -> list[Finding]:
    """Say how what stages.toml switches on is doing, in AWS and with people."""
    if not is_readable(situation):
        return []
    return check_people(situation, stage, service) + check_parts(situation, stage)


def check_parts(situation: Situation, stage: str) -> list[Finding]:
    """Say which parts that stages.toml switches on have no stack, and which stacks it lacks."""
    names = situation.known_names.get(stage)
    switches = situation.choices[stage].switches | (names.switches if names else frozenset())
    findings = []
    for part in PARTS:
        name = part.stack_name(situation.project, stage)
        if not part.key or part is SCHEDULES:
            continue
        stack = situation.find_own(situation.aws_of(stage), name)
        if part.is_on(switches):
            findings.append(judge_stack(situation.aws_of(stage), name, stack))
        elif stack:
            findings.append(
                Finding(NOTE, f"{name} is there, and {FILE} does not want it", "make setup")
            )
    return findings


def check_chosen(situation: Situation, stage: str, deployed: list[Part]) -> list[Finding]:
    """Say where processes and schedules are others than stages.toml has."""
    if not is_readable(situation):
        return []
    chosen = parts_of(situation.choices[stage])
    lacking = [part for part in chosen if part not in deployed]
    more = [part for part in deployed if part not in chosen]
    return [
        *(Finding(MISSING, f"{part.what} of {stage}", "make setup") for part in lacking),
        *(Finding(NOTE, f"{part.what} of {stage} is not in {FILE}", "make setup") for part in more),
    ]


def judge_stack(aws: Aws, name: str, stack: Stack | None) -> Finding:
    """Say how a stack is doing."""
    if stack is None:
        return Finding(MISSING, f"stack {name}", "make setup")
    if stack.status in USABLE or stack.status.endswith("_IN_PROGRESS"):
        return Finding(GOOD, f"stack {name} is in {stack.status}")
    return Finding(
        WRONG,
        f"stack {name} is in {stack.status}",
        f"{delete_command(aws, name)} && make setup",
    )


def check_values(wanted: dict[str, str], found: dict[str, str], stage: str = "") -> list[Finding]:
    """Say which variables have another value than the stacks give."""
    option = f" --env {stage}" if stage else ""
    return [
        Finding(
            WRONG,
            f"variable {name} is {found[name]}, the stack says {value}",
            f"gh variable set {name}{option} --body {value}",
        )
        for name, value in wanted.items()
        if value and found.get(name, value) != value
    ]


def check_roles(situation: Situation, form: str) -> list[Finding]:
    """Say whether each role trusts the subject that this repository really sends."""
    findings = []
    for aws, role, context in trusts(situation):
        sent = situation.repository.subject(form, context)
        trusted = trusted_subjects(aws, role)
        if trusted is None:
            findings.append(Finding(MISSING, f"role {role}", "make setup"))
        elif sent not in trusted:
            mend = f"make setup SUBJECT_FORMAT={form}"
            told = ", ".join(trusted) or "no subject of GitHub's"
            findings.append(Finding(WRONG, f"role {role} trusts {told}, GitHub sends {sent}", mend))
        else:
            findings.append(Finding(GOOD, f"role {role} trusts {sent}"))
    return findings


def trusted_subjects(aws: Aws, role: str) -> list[str] | None:
    """Return the subjects that a role trusts, or None where there is no such role.

    Somebody may have given it statements of their own, for people or for another repository.
    """
    answer = aws.find("NoSuchEntity", "iam", "get-role", "--role-name", role)
    if answer is None:
        return None
    found: list[str] = []
    for statement in answer["Role"]["AssumeRolePolicyDocument"]["Statement"]:
        equals = statement.get("Condition", {}).get("StringEquals", {})
        subjects = equals.get("token.actions.githubusercontent.com:sub", [])
        found += [subjects] if isinstance(subjects, str) else subjects
    return found
