"""What GitHub's tokens say: those that a role must trust, and those that it must not.

The forms of `sub`: https://docs.github.com/en/actions/reference/security/oidc
"""

from dataclasses import replace

from template.rehearsal.aws.sts import CONDITION_CLAIMS
from template.rehearsal.github.oidc import Issuer, Job, Repository, new_key
from template.rehearsal.project import NAME as PROJECT
from template.rehearsal.project import REPOSITORY

AUDIENCE = "sts.amazonaws.com"
MAIN = "refs/heads/main"
KEY = new_key()  # one for all, because making one takes longer than everything else here
PUSH = Job(environment=None, event="push", ref=MAIN, id_token=True)
JOBS = {
    f"{PROJECT}-build": PUSH,
    f"{PROJECT}-staging-release": replace(PUSH, environment="staging"),
    f"{PROJECT}-production-release": replace(PUSH, environment="production"),
}
OTHER_REPOSITORIES = {
    "a fork": Repository("eve", "1000009", REPOSITORY.name, "2000009"),
    "the owner's other repository": replace(REPOSITORY, name="other-app", id="2000003"),
    "a longer name": replace(REPOSITORY, name=f"{REPOSITORY.name}-2", id="2000004"),
    "a shorter name": replace(REPOSITORY, name=REPOSITORY.name[:-1], id="2000005"),
    "another case of the name": replace(REPOSITORY, name="Django-CRUD-App", id="2000006"),
    "another case of the owner": replace(REPOSITORY, owner="Octo-Org", owner_id="1000008", id="7"),
    "the name, registered anew": replace(REPOSITORY, id="2000007"),
    "the owner, registered anew": replace(REPOSITORY, owner_id="1000007", id="2000008"),
    "exchanged numbers": replace(REPOSITORY, owner_id=REPOSITORY.id, id=REPOSITORY.owner_id),
    "a star for a name": replace(REPOSITORY, name="*", id="*"),
}
OTHER_AUDIENCES = {
    "GitHub's own audience": f"https://github.com/{REPOSITORY.owner}",
    "another cloud's audience": "api://AzureADTokenExchange",
    "another partition's audience": f"{AUDIENCE}.cn",
    "a longer audience": f"{AUDIENCE}.example.com",
    "a star for an audience": "*",
}


def other_jobs(job: Job) -> dict[str, Job]:
    """Jobs of the repository itself that the role of this job is not for."""
    others = {
        "a pull request": replace(job, event="pull_request", ref="refs/pull/7/merge"),
        "a pull request without environment": Job(None, "pull_request", "refs/pull/7/merge", True),
        "another branch": replace(job, ref="refs/heads/feature"),
        "a branch that begins alike": replace(job, ref=f"{MAIN}-2"),
        "a branch that ends alike": replace(job, ref="refs/heads/feature/main"),
        "another case of the branch": replace(job, ref="refs/heads/Main"),
        "a tag of that name": replace(job, ref="refs/tags/main"),
        "a star for a branch": replace(job, ref="refs/heads/*"),
        "a workflow started on another branch": replace(
            job, event="workflow_dispatch", ref="refs/heads/feature"
        ),
        "another case of the environment": replace(job, environment="Staging"),
        "a longer environment": replace(job, environment="production2"),
        "a star for an environment": replace(job, environment="*"),
        "an environment with a colon": replace(job, environment=f"staging:ref:{MAIN}"),
    }
    for environment in (None, "staging", "production"):
        others[f"the environment {environment}"] = replace(job, environment=environment)
    return {name: other for name, other in others.items() if other != job}


def context(
    job: Job,
    repository: Repository = REPOSITORY,
    *,
    immutable: bool = True,
    audience: str = AUDIENCE,
) -> dict[str, str]:
    """The condition keys that AWS STS makes of a token for the job."""
    claims = Issuer(repository, lambda: job, immutable, key=KEY).claims(job, audience)
    host = "token.actions.githubusercontent.com"
    return {
        f"{host}:{name}": str(claims[name])
        for name in ("aud", "sub", *CONDITION_CLAIMS)
        if name in claims
    }


def foreign(role: str, *, immutable: bool) -> dict[str, dict[str, str]]:
    """The tokens that the role must not trust, by what is wrong with them."""
    job = JOBS[role]
    tokens = {
        name: context(job, other, immutable=immutable) for name, other in OTHER_REPOSITORIES.items()
    }
    tokens |= {
        name: context(job, immutable=immutable, audience=audience)
        for name, audience in OTHER_AUDIENCES.items()
    }
    tokens |= {name: context(other, immutable=immutable) for name, other in other_jobs(job).items()}
    return tokens | {"the other form of the subject": context(job, immutable=not immutable)}
