"""`make doctor`: what is configured, what is missing, and the command that mends each gap."""

from deploy.aws import Aws, github_provider
from deploy.checks import (
    check_environment,
    check_service,
    check_together,
    check_variables,
    where_allowed,
)
from deploy.console import heading, say
from deploy.errors import SetupError
from deploy.findings import GOOD, MISSING, UNSEEN, WRONG, Finding, is_gap, print_findings
from deploy.github import read_repository, read_variables, subject_form
from deploy.programs import check_programs
from deploy.settings import Settings
from deploy.situation import Situation
from deploy.stacks import USABLE, Stack, delete_command, find_stack
from deploy.templates import SERVICE
from deploy.variables import OF_REPOSITORY, OF_STAGE, of_repository, of_stage


def doctor(settings: Settings) -> None:
    """Print what is there and what is missing; raise SetupError where something is to be mended."""
    check_programs()
    repository = read_repository()
    form = settings.subject_format or subject_form(repository)
    situation = Situation(settings, repository, read_variables(repository))
    say(f"Repository  {repository.full_name}")
    for context in contexts(situation).values():
        say(f"Subject     {repository.subject(form, context)}")
    findings = show("GitHub", check_github(situation)) + show("AWS", check_aws(situation, form))
    if gaps := sum(map(is_gap, findings)):
        raise SetupError(
            f"Things to mend: {gaps}.",
            "Run the commands after `mend:`, from the top, then `make doctor` again.",
        )
    heading("Nothing to mend.")


def contexts(situation: Situation) -> dict[str, str]:
    """Return what the subject says of a build and of each release, by the role that trusts it."""
    project = situation.settings.project
    releases = {
        f"{project}-release-{stage}": f"environment:{stage}" for stage in situation.settings.stages
    }
    return {f"{project}-build": f"ref:refs/heads/{situation.repository.default_branch}", **releases}


def show(title: str, findings: list[Finding]) -> list[Finding]:
    """Print findings under a title and return them."""
    heading(title)
    print_findings(findings)
    return findings


def check_github(situation: Situation) -> list[Finding]:
    """Look at the repository's environments and variables."""
    variables = situation.variables
    findings = check_variables(variables, OF_REPOSITORY, "repository") + check_together(variables)
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
    findings += where_allowed("OIDC provider", check_provider, situation)
    findings += where_allowed("stacks", check_stacks, situation)
    findings += where_allowed("roles", check_roles, situation, form)
    for stage, own in situation.stage_variables.items():
        known = situation.variables | own
        if all(known.get(name) for name in ("ECR_IMAGE_URL", *OF_STAGE)):
            look = (check_service, situation.aws, stage, known)
            findings += where_allowed(f"service of {stage}", *look)
    return findings


def check_provider(situation: Situation) -> list[Finding]:
    """Say whether the account trusts tokens that GitHub signs."""
    arn = github_provider(situation.aws)
    if not arn:
        return [Finding(MISSING, "the account's OIDC provider for GitHub Actions", "make setup")]
    return [Finding(GOOD, arn)]


def check_stacks(situation: Situation) -> list[Finding]:
    """Say which stacks are missing or stuck, and which variables differ from their outputs."""
    aws, project = situation.aws, situation.settings.project
    github = find_stack(aws, situation.github_name)
    findings = [judge_stack(situation, situation.github_name, github)]
    if github and github.outputs:
        findings += check_values(of_repository(aws.region, github), situation.variables)
    for stage in situation.settings.stages:
        name = SERVICE.stack_name(project, stage)
        service = find_stack(aws, name)
        findings.append(judge_stack(situation, name, service))
        if all(stack and stack.outputs for stack in (github, service)):
            findings += check_values(
                of_stage(stage, github, service), situation.stage_variables[stage], stage
            )
    return findings


def judge_stack(situation: Situation, name: str, stack: Stack | None) -> Finding:
    """Say how a stack is doing."""
    if stack is None:
        return Finding(MISSING, f"stack {name}", "make setup")
    if stack.status in USABLE or stack.status.endswith("_IN_PROGRESS"):
        return Finding(GOOD, f"stack {name} is in {stack.status}")
    return Finding(
        WRONG,
        f"stack {name} is in {stack.status}",
        f"{delete_command(situation.aws, name)} && make setup",
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
        if name in found and found[name] != value
    ]


def check_roles(situation: Situation, form: str) -> list[Finding]:
    """Say whether each role trusts the subject that this repository really sends."""
    findings = []
    for role, context in contexts(situation).items():
        sent = situation.repository.subject(form, context)
        trusted = trusted_subject(situation.aws, role)
        if trusted is None:
            findings.append(Finding(MISSING, f"role {role}", "make setup"))
        elif trusted != sent:
            mend = f"make setup SUBJECT_FORMAT={form}"
            findings.append(
                Finding(WRONG, f"role {role} trusts {trusted}, GitHub sends {sent}", mend)
            )
        else:
            findings.append(Finding(GOOD, f"role {role} trusts {trusted}"))
    return findings


def trusted_subject(aws: Aws, role: str) -> str | None:
    """Return the subject that a role trusts, or None where there is no such role."""
    answer = aws.find("NoSuchEntity", "iam", "get-role", "--role-name", role)
    if answer is None:
        return None
    (statement,) = answer["Role"]["AssumeRolePolicyDocument"]["Statement"]
    return statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
