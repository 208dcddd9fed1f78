"""What stops a command, what AWS and GitHub mean when they refuse, and who can change it."""

import re

LOG_IN_TO_AWS = (
    "Log in with `aws login`, `aws sso login` or `aws configure`, check with"
    " `aws sts get-caller-identity`, then run this again. AWS_PROFILE=NAME chooses a profile."
)
LOG_IN_TO_GITHUB = "Log in with `gh auth login`, check with `gh auth status`, then run this again."
# Pattern in what the program said, what it means, what to do next.
REFUSALS = [
    (
        r"FreeTierRestriction|[Ff]ree [Pp]lan account|free tier customers",
        "Your AWS account is on the Free plan, which does not include this.",
        "Your AWS account is on the Free plan, which keeps backups for one day at most: `make setup"
        " STAGING_PARAMETERS=BackupDays=1 PRODUCTION_PARAMETERS=BackupDays=1`, or choose the Paid"
        " plan in the console (Billing, Account plan), which keeps your credits.",
    ),
    (
        r"\bCAA",
        "The domain's DNS lets no certificate of Amazon's be made: {said}",
        'Add `0 issue "amazon.com"` to the CAA records of the domain, or take them out; delete what'
        " failed, then run this again.",
    ),
    (
        r"Tried to create resource record set .* but it already exists",
        "Somebody has made a record of that name in Route 53 in the meantime: {said}",
        "Delete that record, or leave it: the next run of `make setup` goes on without it.",
    ),
    (
        r"EarlyValidation::ResourceExistenceCheck|already exists",
        "Something in the account has a name that this stack would give: {said}",
        "Delete what has the name, if it is a rest of yours, or choose another with PROJECT=NAME.",
    ),
    (
        r"Circuit Breaker was triggered",
        "The containers of a service end as soon as they run: {said}",
        "See what they wrote, `aws logs tail /ecs/PROJECT-STAGE --since 1h`; the image of the last"
        " release has to know the command: deploy first.",
    ),
    (
        r"does not support creating load balancers",
        "AWS has not cleared this account for load balancers yet: {said}",
        "New accounts are cleared by AWS Support: open a case (Account and billing), wait for the"
        " answer.",
    ),
    (
        r"[Uu]nable to assume the service linked role|service.linked role",
        "AWS is making its own role for a service that this account never used: {said}",
        "Wait a minute, delete what failed and try again; the role is there then.",
    ),
    (
        r"(?:User: (?P<who>\S+) )?is not authorized to perform: (?P<action>[\w-]+:\w+)",
        "AWS does not allow {action} to {who}.",
        "Ask whoever administers the AWS account to allow {action} to {who} (docs/setup.md,"
        " Permissions), or choose another profile with AWS_PROFILE=NAME; then run this again.",
    ),
    (
        r"Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "the role's trust policy wants another subject, branch or repository ({said})",
        "Compare both with `make doctor`, then let `make setup` mend the role.",
    ),
    (
        r"Unable to locate credentials|ExpiredToken|[Tt]oken has expired|SSO Token|"
        r"session( associated with this profile)? has expired|InvalidClientTokenId|"
        r"UnrecognizedClient",
        "You are not logged in to AWS: {said}",
        LOG_IN_TO_AWS,
    ),
    (
        r"Could not connect to the endpoint URL|Invalid endpoint",
        "AWS does not answer: {said}",
        "Check the region's spelling (REGION=eu-central-1) and the network, then run this again.",
    ),
    (
        r"Throttling|Rate exceeded",
        "AWS asks for patience: {said}",
        "Wait a minute and run this again; it continues where it stopped.",
    ),
    (
        r"HTTP 401|gh auth login|not logged in",
        "You are not logged in to GitHub: {said}",
        LOG_IN_TO_GITHUB,
    ),
    (
        r"API rate limit exceeded",
        "GitHub asks for patience: {said}",
        "Wait until it is over (`gh api rate_limit`) and run this again; it continues there.",
    ),
    (
        r"HTTP 403",
        "GitHub refused: {said}",
        "Ask an administrator of the repository to run this, or log in with more rights:"
        " `gh auth refresh --scopes repo`.",
    ),
    (
        r"HTTP 404",
        "GitHub has no place for this in the repository: {said}",
        "Private repositories have no environments on the Free plan: make this one public, choose"
        " another plan, or use CodePipeline (docs/codepipeline.md); then run this again.",
    ),
    (
        r"no git remotes|not a git repository|none of the git remotes",
        "This clone does not tell which GitHub repository it belongs to: {said}",
        "Create one, `gh repo create --source . --push`, or name one: GH_REPO=OWNER/NAME.",
    ),
]


class SetupError(Exception):
    """Something that a person has to mend; `advice` says how."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class ProgramError(Exception):
    """A program that ended with another exit code than 0, and what it said."""

    def __init__(self, arguments: tuple[str, ...], said: str) -> None:
        super().__init__(f"`{' '.join(arguments[:3])}` failed: {said}")
        self.arguments = arguments
        self.said = said


def explain(error: ProgramError) -> SetupError:
    """Return what a program's failure means, with what to do next."""
    return find_reason(error.said) or SetupError(
        str(error), "Mend what it says, then run this again; it continues where it stopped."
    )


def find_reason(said: str) -> SetupError | None:
    """Return the known reason in what was said, or None."""
    for pattern, message, advice in REFUSALS:
        if found := re.search(pattern, said):
            words = {"said": said, **found.groupdict("you")}
            return SetupError(message.format(**words), advice.format(**words))
    return None
