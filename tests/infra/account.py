"""A whole project in an account: every stack, each fed with the outputs of those before it."""

from rehearsal.account import ACCOUNT, REGION
from rehearsal.oidc import Repository
from rehearsal.templates import Stack, resolve
from tests.infra.cloudformation import INFRA, TEMPLATES

PROJECT = "django-crud-app"
STAGES = ("staging", "production")
OF_A_STAGE = ("network", "database", "roles", "stage")
REPOSITORY = Repository()
CHOSEN = {
    "GitHubOwner": REPOSITORY.owner,
    "GitHubOwnerId": REPOSITORY.owner_id,
    "GitHubRepository": REPOSITORY.name,
    "GitHubRepositoryId": REPOSITORY.id,
    "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/0a1b2c3d",
}


def deploy(**chosen: str) -> dict[str, Stack]:
    """The stacks by template, or by stage and template, made with these choices."""
    known = {**CHOSEN, **chosen}
    stacks = {"github": _deploy("github", f"{PROJECT}-github", known)}
    for stage in STAGES:
        of_stage = {**known, "Stage": stage}
        for template in OF_A_STAGE:
            name = f"{PROJECT}-{stage}" + ("" if template == "stage" else f"-{template}")
            stacks[f"{stage}-{template}"] = _deploy(template, name, of_stage)
        known[f"{stage.title()}ReleasePolicyArn"] = of_stage["ReleasePolicyArn"]
    stacks["pipeline"] = _deploy("pipeline", f"{PROJECT}-pipeline", known)
    return stacks


def _deploy(template: str, name: str, known: dict[str, str]) -> Stack:
    wanted = TEMPLATES[template]["Parameters"]
    given = {parameter: known[parameter] for parameter in wanted if parameter in known}
    stack = resolve(INFRA / f"{template}.yml", given, name=name)
    known.update(stack.outputs)
    return stack
