"""`make setup`: what a deploy needs, in AWS and on GitHub."""

from collections.abc import Mapping
from dataclasses import replace

from deploy.aws import Aws, github_provider, image_repository_tags, provider_arn
from deploy.checks import judge_production, lacks_name, undeployed
from deploy.commands import IDLE, command_parameters
from deploy.console import GOOD, Journal, agrees, confirm, heading, print_findings, say
from deploy.domains import MOST_NAMES, request_certificate
from deploy.errors import SetupError
from deploy.github import (
    REVIEWERS,
    Environment,
    delete_variable,
    protect,
    set_variable,
    signed_in_user,
    subject_form,
)
from deploy.leftovers import kept_by, say_leftovers, takes_back
from deploy.parameters import OWNER, Choice
from deploy.plan import show_plan, snapshot_of
from deploy.programs import check_programs
from deploy.settings import MOST_STAGES, STAGES, Settings
from deploy.situation import Situation, look
from deploy.stacks import Deployment, Stack, delete, deploy, describe_stack
from deploy.start import follow_start
from deploy.templates import (
    DATABASE,
    GITHUB_TEMPLATE,
    MAIL,
    NETWORK,
    RECORDS,
    ROLES,
    SCHEDULE,
    SCHEDULES,
    SERVICE,
    UPLOADS,
    Part,
    StageStacks,
)
from deploy.variables import expected_github, of_repository, of_stage
from deploy.waiting import check_people, identity_parameters, topic_arn


def setup(settings: Settings, journal: Journal) -> None:
    """Show a plan, ask, and bring it about; raise SetupError where something is to be mended."""
    check_programs()
    situation = look(settings)
    form = settings.subject_format or subject_form(situation.repository)
    check_stages(situation)
    adopt = adopts_images(situation)
    github = github_parameters(situation, form)
    given = {stage: give(situation, stage, form) for stage in situation.stages}
    show_plan(situation, form, github, given)
    confirm("Go ahead?", yes=settings.yes)
    ask_removals(situation)
    given = {stage: give(situation, stage, form) for stage in situation.stages}
    heading("Working")
    create_environments(situation, journal)
    # The stages' release roles were in this stack once: it lets go of them when nothing uses them.
    is_former = situation.github is not None and "RepositoryArn" not in situation.github.outputs
    if not is_former:
        deploy_github(situation, github, journal, adopt=adopt)
    for stage in situation.stages:
        deploy_stage(situation, stage, given[stage], journal)
    if is_former:
        deploy_github(situation, github, journal, adopt=False)
    wanted = of_repository(situation.region, describe_stack(situation.aws, situation.github_name))
    set_variables(situation, wanted, situation.variables, journal)
    services = {stage: start(situation, stage) for stage in situation.stages}
    say_next(situation, services, journal)


def check_stages(situation: Situation) -> None:
    """Raise SetupError for what a stage cannot become, before anything is begun."""
    for stage, stacks in situation.stage_stacks.items():
        variable, chosen = f"{stage.upper()}_PARAMETERS", stacks.chosen
        least = int(stacks.value(SERVICE, "DesiredCount"))
        most = int(stacks.value(SERVICE, "MaximumCount"))
        if (
            "DesiredCount" in chosen
            and least
            and not (situation.service(stage) and situation.images[stage])
        ):
            raise SetupError(
                f"{least} containers of {stage} could not start: nothing is deployed there yet.",
                f"Leave DesiredCount out of {variable} until the first deploy, then run this"
                " again.",
            )
        if least > most:
            raise SetupError(
                f"{stage} cannot run {least} containers at least and {most} at most.",
                f"Give both, {variable}='DesiredCount=... MaximumCount=...', then run this again.",
            )
        for part, name in LASTING:
            check_lasting(stage, stacks, part, name)
        check_snapshot(stage, stacks.stacks[DATABASE], chosen)
        takes_bucket_back(situation, stage)
    check_hosts(situation)


def check_hosts(situation: Situation) -> None:
    """Raise SetupError for names that cannot be, and for a new production without one."""
    stages: dict[str, str] = {}
    for stage in situation.all_stages:
        hosts = situation.choices[stage].hosts
        if len(hosts) > MOST_NAMES or len(set(hosts)) < len(hosts):
            raise SetupError(
                f"{stage} has the names {', '.join(hosts)}.",
                f"Give it {MOST_NAMES} at most, each once, then run this again.",
            )
        for host in hosts:
            if (other := stages.setdefault(host, stage)) != stage:
                raise SetupError(
                    f"{host} is the name of {other} and of {stage}: it can lead to one of them.",
                    "Mend stages.toml, then run this again.",
                )
    stage = situation.reviewed_stage
    if stage in situation.stages and lacks_name(situation.stage_stacks[stage]):
        raise SetupError(
            f"{stage} has no name yet: it would serve plain HTTP, where passwords and sessions can"
            " be read on the way.",
            f'Give it one in stages.toml, [{stage}] domain = "shop.example.com", or say there'
            " `plain = true` until it has one; then run this again.",
        )


def takes_bucket_back(situation: Situation, stage: str) -> bool:
    """Return whether a new stack for uploads finds the bucket of an earlier one.

    Raises SetupError where that may be somebody else's.
    """
    stacks = situation.stage_stacks[stage]
    if UPLOADS not in stacks.needed or stacks.stacks[UPLOADS]:
        return False
    bucket = f"{situation.project}-{stage}-{situation.accounts[stage]}"  # as uploads.yml calls it
    return takes_back(situation.aws_of(stage), bucket, situation.repository.id)


def ask_removals(situation: Situation) -> None:
    """Ask for each part that is switched off whether its stack may go; it stays otherwise."""
    for stage, stacks in situation.stage_stacks.items():
        staying = set(stacks.staying) | {
            part
            for part in stacks.unwanted
            if part is not SCHEDULES
            and not agrees(f"Delete {part.what} of {stage}?", yes=situation.settings.yes)
        }
        if any(part.template == SCHEDULE for part in staying):
            staying.add(SCHEDULES)
        situation.stage_stacks[stage] = replace(stacks, staying=frozenset(staying))


# What AWS cannot change where something already lives in it, or would lose by the change.
LASTING = [
    (NETWORK, "VpcCidr"),
    *((part, "VpcId") for part in (DATABASE, SERVICE)),
    (DATABASE, "PrivateSubnetIds"),
]


def check_lasting(stage: str, stacks: StageStacks, part: Part, name: str) -> None:
    """Raise SetupError where a parameter would change that lasts as long as its stack."""
    stack, value = stacks.stacks[part], stacks.value(part, name)
    before = stack.parameters.get(name) if stack else None
    if stack and before and value != before:
        raise SetupError(
            f"{name} of {stage} is {before} and cannot become {value or 'another'}: the stack"
            f" {stack.name} lives in it.",
            f"Leave {name} as it is, or begin anew: `make teardown STAGES={stage}`, which keeps a"
            " snapshot of the database, then `make setup` with it.",
        )


def check_snapshot(stage: str, database: Stack | None, chosen: Mapping[str, str]) -> None:
    """Raise SetupError where a restored database would be replaced by an empty one."""
    snapshot = database.parameters.get("DBSnapshotIdentifier") if database else ""
    if snapshot and chosen.get("DBSnapshotIdentifier") == "":
        raise SetupError(
            f"The database of {stage} was restored from {snapshot}; without that name AWS would"
            " replace it by an empty one.",
            "Leave DBSnapshotIdentifier out, then run this again: it is not restored once more.",
        )


def adopts_images(situation: Situation) -> bool:
    """Return whether a new stack takes over the image repository that an earlier one left.

    Raises SetupError where it is another repository's, or does not tell whose it is.
    """
    if situation.github is not None:
        return False
    tags = image_repository_tags(situation.aws, situation.project)
    if tags is None:
        return False
    if tags.get(OWNER) == str(situation.repository.id):
        return True
    raise foreign_images(situation, tags)


def foreign_images(situation: Situation, tags: dict[str, str]) -> SetupError:
    """Return the error for an image repository that is not known to be this repository's."""
    project, repository = situation.project, situation.repository
    found = f"The account has an image repository {project} already, which"
    if OWNER in tags:
        owner = f"{tags.get('Repository', 'another repository')} ({tags[OWNER]})"
        return SetupError(
            f"{found} belongs to {owner}, not to {repository.full_name} ({repository.id}).",
            "Choose another name, PROJECT=NAME, then run this again.",
        )
    arn = expected(situation).outputs["RepositoryArn"]
    tag = f"--tags Key={OWNER},Value={repository.id} {situation.aws.options}"
    return SetupError(
        f"{found} does not tell whose it is.",
        f"If it is this repository's, `aws ecr tag-resource --resource-arn {arn} {tag}`; otherwise"
        " choose another name, PROJECT=NAME. Then run this again.",
    )


def expected(situation: Situation) -> Stack:
    """Return the GitHub stack that is to be, with the outputs that its names lead to."""
    return expected_github(
        situation.partition, situation.account, situation.region, situation.project
    )


def tags_of(situation: Situation, **more: str) -> dict[str, str]:
    """Return the tags of a stack, which say whose it is."""
    repository = situation.repository
    whose = {"Repository": repository.full_name, OWNER: str(repository.id)}
    return {"Project": situation.project, **whose, **more}


def identity(situation: Situation, form: str) -> dict[str, str]:
    """Return the parameters that say which repository and branch a role trusts."""
    repository = situation.repository
    return {
        "ProjectName": situation.project,
        "GitHubOwner": repository.owner,
        "GitHubOwnerId": str(repository.owner_id),
        "GitHubRepository": repository.name,
        "GitHubRepositoryId": str(repository.id),
        "DefaultBranch": repository.default_branch,
        "SubjectFormat": form,
    }


def github_parameters(situation: Situation, form: str) -> dict[str, str]:
    """Return the parameters of the stack with the build role and the image repository."""
    before = situation.github.parameters if situation.github else {}
    stages = [*situation.all_stages, *[""] * MOST_STAGES][:MOST_STAGES]
    elsewhere = {situation.accounts[one] for one in situation.stages if situation.is_elsewhere(one)}
    accounts = elsewhere | set(filter(None, before.get("StageAccountIds", "").split(",")))
    parameters = identity(situation, form) | {
        **{f"Stage{number}": stage for number, stage in enumerate(stages, start=1)},
        "StageAccountIds": ",".join(sorted(accounts)),
    }
    if situation.github is None:
        place = (situation.aws, situation.partition, situation.account)
        parameters["ExistingOidcProviderArn"] = github_provider(*place)
    return parameters | situation.chosen("github")


def give(situation: Situation, stage: str, form: str) -> dict[str, str]:
    """Return what setup gives the stacks of a stage, as far as it is known before they are
    deployed."""
    stacks, aws = situation.stage_stacks[stage], situation.aws_of(stage)
    github = situation.github.parameters if situation.github else {}
    github = github | situation.chosen("github")
    outputs = expected(situation).outputs
    values = identity(situation, form) | {
        "Stage": stage,
        "EcrImageUrl": outputs["EcrImageUrl"],
        "RepositoryArn": outputs["RepositoryArn"],
        "DesiredCount": stacks.new_count(has_image=bool(situation.images[stage])),
    }
    for name in ("CheckClaims", "PermissionsBoundaryArn"):
        if name in github:
            values[name] = github[name]
    if not situation.is_elsewhere(stage):
        values["ExistingOidcProviderArn"] = provider_arn(situation.partition, situation.account)
    elif stacks.stacks[ROLES] is None:
        place = (situation.partition, situation.accounts[stage])
        values["ExistingOidcProviderArn"] = github_provider(aws, *place)
    return values | give_switches(situation, stage) | stacks.outputs


def give_switches(situation: Situation, stage: str) -> dict[str, str]:
    """Return what setup gives the parts that stages.toml switches on, beside the outputs."""
    stacks, choices = situation.stage_stacks[stage], situation.choices[stage]
    values = give_mail(situation, stage)
    if names := situation.names(stage, stacks.stacks[RECORDS]):
        values |= names.record_parameters(stacks.stacks[RECORDS])
        values |= names.certificate_parameters if names.are_in_route53 else {}
    if choices.alarm_emails:
        place = (situation.partition, situation.region, situation.accounts[stage])
        values["AlarmTopicArn"] = topic_arn(*place, f"{situation.project}-{stage}")
    return values


def give_mail(situation: Situation, stage: str) -> dict[str, str]:
    """Return what setup gives the stack of the mail, as the account is now."""
    sender, stack = situation.choices[stage].sender, situation.stage_stacks[stage].stacks[MAIL]
    if not sender:
        return {}
    zones = situation.zones_of(stage)
    return identity_parameters(situation.aws_of(stage), sender, stack, zones)


def create_environments(situation: Situation, journal: Journal) -> None:
    """Create the stages' environments with their protection, before any role trusts them."""
    for stage, environment in situation.environments.items():
        what = f"environment {stage}"
        if environment.exists and not environment.lacks:
            journal.note("unchanged", what, changed=False)
        else:
            complete(situation, environment, journal)
    # From here on these are the stages, also of a run that stops in the middle.
    if situation.all_stages != STAGES:
        stages = {"STAGES": " ".join(situation.all_stages)}
        set_variables(situation, stages, situation.variables, journal)


def complete(situation: Situation, environment: Environment, journal: Journal) -> None:
    """Give an environment the protection that it lacks, and say what the plan refuses."""
    refused = protect(situation.repository, environment, signed_in_user()["id"])
    changed = not environment.exists or len(refused) < len(environment.lacks)
    what = f"environment {environment.name}"
    journal.note("protected" if changed else "unchanged", what, changed=changed)
    for protection in refused:
        say(f"             Your GitHub plan has no {protection} for this repository.")
        say("             Make the repository public or choose a bigger plan, then `make setup`.")
        if protection == REVIEWERS:
            say("             Until then merges go there unseen: docs/setup.md, No reviewers.")
        else:
            say("             Until then only AWS refuses other branches, after the job has begun.")


def deploy_github(
    situation: Situation, parameters: dict[str, str], journal: Journal, *, adopt: bool
) -> None:
    """Deploy the stack with the build role and the image repository."""
    name, tags = situation.github_name, tags_of(situation)
    deployment = Deployment(name, GITHUB_TEMPLATE, parameters, tags, adopt)
    what = "build role, OIDC provider and image repository"
    carry_out(situation.aws, deployment, what, journal)


def deploy_stage(situation: Situation, stage: str, given: dict[str, str], journal: Journal) -> None:
    """Deploy a stage's stacks, each with what the ones before it give, set its variables, and
    delete what is switched off."""
    stacks, aws = situation.stage_stacks[stage], situation.aws_of(stage)
    values = dict(given)
    done: dict[Part, Stack] = {}
    ask_for_certificate(situation, stage, journal)
    for part in stacks.order:
        if part.command:
            service = values | done[SERVICE].parameters | done[SERVICE].outputs
            deploy_command(situation, stage, part, service, journal)
            continue
        if part is MAIL:
            # An earlier stage may just have made the identity of the same domain.
            values |= give_mail(situation, stage)
        choice = stacks.choose(part, values)
        done[part] = deploy_part(situation, stage, part, choice, journal)
        values |= done[part].outputs
    snapshot = snapshot_of(stacks, done.get(DATABASE))
    wanted = of_stage(done[ROLES], done[SERVICE], stacks.processes, snapshot)
    set_variables(situation, wanted, situation.stage_variables[stage], journal, stage)
    for part in stacks.unwanted:
        if stack := stacks.stacks[part]:
            remove(aws, stack, journal)


def deploy_part(
    situation: Situation, stage: str, part: Part, choice: Choice, journal: Journal
) -> Stack:
    """Deploy one stack of a stage and return it as it is then."""
    tags = tags_of(situation, Stage=stage) | choice.tags
    name = part.stack_name(situation.project, stage)
    adopt = part is UPLOADS and takes_bucket_back(situation, stage)
    deployment = Deployment(name, part.template, choice.values, tags, adopt)
    return carry_out(situation.aws_of(stage), deployment, part.what, journal)


def ask_for_certificate(situation: Situation, stage: str, journal: Journal) -> None:
    """Ask for the certificate of names that a person has to prove, unless that is done."""
    names = situation.names(stage, situation.stage_stacks[stage].stacks[RECORDS])
    if names and names.are_pending and names.certificate is None:
        tags = tags_of(situation, Stage=stage)
        certificate = request_certificate(situation.aws_of(stage), list(names.hosts), tags)
        situation.known_names[stage] = replace(names, certificate=certificate)
        journal.note("asked for", f"certificate for {', '.join(names.hosts)}")


def deploy_command(
    situation: Situation, stage: str, part: Part, service: Mapping[str, str], journal: Journal
) -> None:
    """Deploy the stack of a process or a schedule, beside the web server's with these values."""
    stacks = situation.stage_stacks[stage]
    values = command_parameters(part, stacks.commands[part], service)
    if stacks.stacks[part] is None and values.get("ProcessCount", "0") != "0":
        # Containers that do not start undo an update, but of a new stack they would leave a wreck.
        deploy_part(situation, stage, part, Choice(values | IDLE[part.template]), journal)
    deploy_part(situation, stage, part, Choice(values), journal)


def remove(aws: Aws, stack: Stack, journal: Journal) -> None:
    """Delete a stack that nothing uses any more, and say which data of it stays."""
    journal.begin(f"stack {stack.name}")
    delete(aws, stack, again="make setup")
    journal.note("deleted", f"stack {stack.name}")
    say_leftovers(aws, kept_by(aws, stack.id))


def carry_out(aws: Aws, deployment: Deployment, what: str, journal: Journal) -> Stack:
    """Deploy one stack and return it as it is then."""
    journal.begin(f"stack {deployment.name} ({what})")
    changed = deploy(aws, deployment)
    stack = f"stack {deployment.name}"
    journal.note("deployed" if changed else "unchanged", stack, changed=changed)
    return describe_stack(aws, deployment.name)


def set_variables(
    situation: Situation,
    wanted: dict[str, str],
    found: dict[str, str],
    journal: Journal,
    stage: str = "",
) -> None:
    """Set those variables of the repository, or of a stage's environment, that differ."""
    for name, value in wanted.items():
        what = f"variable {name}{f' of {stage}' if stage else ''}"
        if not value and name not in found:
            continue
        if found.get(name, "") == value:
            journal.note("unchanged", what, changed=False)
        elif not value:
            delete_variable(situation.repository, name, stage)
            journal.note("deleted", what)
        else:
            set_variable(situation.repository, name, value, stage)
            journal.note("set", what)


def start(situation: Situation, stage: str) -> Stack:
    """Return the stack of a stage's service, once its containers run where any are wanted."""
    aws = situation.aws_of(stage)
    service = describe_stack(aws, SERVICE.stack_name(situation.project, stage))
    if service.parameters["DesiredCount"] != "0" and situation.images[stage]:
        say(f"  ...        containers of {stage}")
        follow_start(aws, stage, service)
    return service


def say_next(situation: Situation, services: dict[str, Stack], journal: Journal) -> None:
    """Say what was achieved, what production lacks, and what the next command is."""
    heading("Done." if journal.changes else "Nothing changed: everything was as it should be.")
    for stage, service in services.items():
        count = service.parameters["DesiredCount"]
        say(f"  {stage:<10} {service.outputs['Url']}, containers wanted: {count}")
        people = check_people(situation, stage, service)
        print_findings([finding for finding in people if finding.state != GOOD])
    if (stage := situation.reviewed_stage) in services:
        database = situation.stage_stacks[stage].stacks[DATABASE]
        print_findings(judge_production(stage, services[stage], database))
    heading("Next")
    branch = situation.repository.default_branch
    if wrong := undeployed(branch):
        say(f"  {wrong.what}. First: {wrong.mend}")
    # A stage with an image that wants no container is parked, by a person's choice.
    waiting = [
        stage
        for stage, service in services.items()
        if service.parameters["DesiredCount"] == "0" and not situation.images[stage]
    ]
    if not waiting:
        say("  Merge to the default branch to deploy, and look at everything with `make doctor`.")
        return
    say(f"  No container runs yet in {' and '.join(waiting)}: a deploy has to bring the image.")
    say(f"  1. Deploy: git commit --allow-empty --message Deploy && git push origin {branch}")
    say("     (or merge a pull request, where the branch is protected)")
    say("  2. When that has ended, run `make setup` again: it starts the containers.")
