"""`make setup` from an empty account and a new repository, and again."""

import pytest

from deploy.parameters import TEMPLATES
from deploy.plan import MONTH

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ROLE = "arn:aws:iam::123456789012:role"
CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster"
STACKS = [
    "shop-github",
    *("shop-staging-network", "shop-staging-database"),
    *("shop-staging-roles", "shop-staging"),
    *("shop-production-network", "shop-production-database"),
    *("shop-production-roles", "shop-production"),
]


def test_first_run_creates_everything(set_up):
    """A first run creates every stack and sets every variable."""
    assert list(set_up.cloud.formation.stacks) == STACKS
    assert set_up.hub.variables == {
        "": {
            "AWS_REGION": "eu-central-1",
            "ECR_ENDPOINT": "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
            "ECR_IMAGE_URL": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop",
            "AWS_BUILD_ROLE_ARN": f"{ROLE}/shop-build",
        },
        **{
            stage: {
                "AWS_ACCOUNT_ID": "123456789012",
                "AWS_RELEASE_ROLE_ARN": f"{ROLE}/shop-{stage}-release",
                "CLUSTER_ARN": f"{CLUSTER}/shop-{stage}",
                "SERVICE_NAME": "web",
            }
            for stage in ("staging", "production")
        },
    }


def test_first_run_tells_github_identity(set_up):
    """The roles trust the repository by the names and numbers that GitHub gives."""
    parameters = set_up.cloud.formation.stacks["shop-github"]["parameters"]
    assert parameters["GitHubOwner"] == "acme"
    assert parameters["GitHubOwnerId"] == "123456"
    assert parameters["GitHubRepository"] == "shop"
    assert parameters["GitHubRepositoryId"] == "456789"
    assert parameters["DefaultBranch"] == "main"
    assert parameters["SubjectFormat"] == "immutable"


def test_first_run_runs_no_container_yet(set_up):
    """A stage begins with no container, because there is no image to run."""
    service = set_up.cloud.formation.stacks["shop-staging"]
    assert service["parameters"]["DesiredCount"] == "0"


def test_stacks_are_tagged(set_up):
    """Stacks carry the project and the stage as tags, which AWS puts on what they hold."""
    stacks = set_up.cloud.formation.stacks
    whose = {"Project": "shop", "Repository": "acme/shop", "RepositoryId": "456789"}
    assert stacks["shop-github"]["tags"] == whose
    assert stacks["shop-production-roles"]["tags"] == whose | {"Stage": "production"}


def test_first_run_protects_before_it_trusts(first_run):
    """Environments are protected before any role exists; the last call switches deploying on."""
    _, changes = first_run
    first_stack = next(n for n, call in enumerate(changes) if "execute-change-set" in call)
    assert all("environments/" in call for call in changes[:first_stack])
    assert changes[-1].startswith("gh variable set AWS_BUILD_ROLE_ARN ")


def test_environments_are_protected(set_up):
    """Both environments are for the default branch; production wants the person's review."""
    staging, production = (set_up.hub.environments[name] for name in ("staging", "production"))
    for environment in (staging, production):
        assert environment["deployment_branch_policy"]["custom_branch_policies"] is True
        assert environment["branches"] == [{"name": "main", "type": "branch"}]
    assert staging["protection_rules"] == []
    (review,) = production["protection_rules"]
    assert review["reviewers"] == [{"type": "User", "reviewer": {"id": 77}}]


def test_plan_is_shown_before_the_question(first_run):
    """The plan names account, region, stacks, costs, environments and the values of variables."""
    plan = first_run[0].out.partition("Go ahead?")[0]
    for part in [
        "Account     123456789012, as arn:aws:iam::123456789012:user/dev",
        "Region      eu-central-1",
        "Repository  acme/shop, private",
        "repo:acme@123456/shop@456789:environment:STAGE (immutable)",
        "production: create, for main only, after your review",
        "docs/cost.md",
        *(f"  {stack}: create (" for stack in STACKS),
        f"production  CLUSTER_ARN = {CLUSTER}/shop-production",
    ]:
        assert part in plan


def test_planned_values_come_true(set_up, first_run):
    """The variables get the very values that the plan announced."""
    plan = first_run[0].out.partition("Go ahead?")[0]
    for variables in set_up.hub.variables.values():
        for name, value in variables.items():
            assert f"{name} = {value}\n" in plan


def test_first_run_names_the_next_command(first_run):
    """At its end it says how to deploy for the first time, and what to run after that."""
    outcome = first_run[0]
    assert "No container runs yet in staging and production" in outcome.out
    assert "git commit --allow-empty --message Deploy && git push origin main" in outcome.out
    assert "run `make setup` again" in outcome.out


def test_second_run_changes_nothing(set_up):
    """A second run changes nothing and says so."""
    before = set_up.hub.variables, set_up.cloud.formation.stacks
    outcome = set_up.run("setup")
    assert outcome.code == 0
    assert set_up.desk.changes() == []
    assert (set_up.hub.variables, set_up.cloud.formation.stacks) == before
    assert "Nothing changed: everything was as it should be." in outcome.out
    assert "staging     all set" in outcome.out
    assert "staging: stays as it is" in outcome.out


def test_many_variables(set_up):
    """A repository with more variables than GitHub lists at once is read to the end."""
    others = {f"OTHER_{letter}": letter for letter in "ABCDEFGHIJKL"}
    set_up.hub.variables[""] = others | set_up.hub.variables[""]
    set_up.run("setup")
    assert set_up.desk.changes() == []


def test_images_start_containers(set_up):
    """Once a release has tagged an image, the next run starts a container of it."""
    set_up.deploy_images("staging")
    outcome = set_up.run("setup")
    stacks = set_up.cloud.formation.stacks
    assert stacks["shop-staging"]["parameters"]["DesiredCount"] == "1"
    assert stacks["shop-production"]["parameters"]["DesiredCount"] == "0"
    assert "No container runs yet in production:" in outcome.out


def test_running_service_keeps_its_count(set_up):
    """A count that somebody chose stays, and nothing is left to say but how to deploy."""
    set_up.deploy_images()
    set_up.run("setup", STAGING_PARAMETERS="DesiredCount=3")
    outcome = set_up.run("setup")
    stacks = set_up.cloud.formation.stacks
    assert stacks["shop-staging"]["parameters"]["DesiredCount"] == "3"
    assert "Merge to the default branch to deploy" in outcome.out


@pytest.mark.parametrize("images", [(), ("staging",)])
def test_count_before_an_image_is_refused(workplace, images):
    """Containers are refused before there is a service with an image for them."""
    if images:
        workplace.cloud.formation.kept["AWS::ECR::Repository"]["shop"] = {"staging": "x"}
    outcome = workplace.run("setup", STAGING_PARAMETERS="DesiredCount=2")
    assert outcome.code == 1
    assert "2 containers of staging could not start" in outcome.err
    assert "Leave DesiredCount out of STAGING_PARAMETERS" in outcome.err
    assert workplace.desk.changes() == []


def test_one_stage_alone(workplace):
    """STAGES chooses the stages; the other one is left alone."""
    workplace.run("setup", STAGES="staging")
    assert list(workplace.hub.environments) == ["staging"]
    assert list(workplace.cloud.formation.stacks) == STACKS[:5]


def test_own_network_and_database(workplace):
    """A network and a database of the person's own are used instead of new ones, also next time."""
    own = {
        "VpcId": "vpc-1234567890abcdef0",
        "PublicSubnetIds": "subnet-1,subnet-2",
        "PrivateSubnetIds": "subnet-3,subnet-4",
        "DatabaseHost": "db.example.com",
        "DatabaseSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:own-AbCdEf",
        "SecretKeyArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key-AbCdEf",
        "DatabaseClientSecurityGroupId": "sg-1234567890abcdef0",
    }
    words = " ".join(f"{name}={value}" for name, value in own.items())
    workplace.run("setup", STAGES="staging", STAGING_PARAMETERS=words)
    stacks = workplace.cloud.formation.stacks
    names = ["shop-github", "shop-staging-roles", "shop-staging"]
    assert list(stacks) == names
    assert stacks["shop-staging"]["parameters"]["DatabaseHost"] == "db.example.com"
    outcome = workplace.run("setup", STAGES="staging")
    assert outcome.code == 0
    assert list(stacks) == names
    assert workplace.desk.changes() == []


def test_existing_provider_is_used(workplace):
    """An OIDC provider that the account has already is used, because there can be only one."""
    workplace.cloud.formation.kept["AWS::IAM::OIDCProvider"][PROVIDER] = {}
    assert workplace.run("setup").code == 0
    parameters = workplace.cloud.formation.stacks["shop-github"]["parameters"]
    assert parameters["ExistingOidcProviderArn"] == PROVIDER


def test_kept_images_are_taken_over(workplace):
    """A new GitHub stack takes over the image repository that an earlier teardown kept."""
    formation = workplace.cloud.formation
    formation.kept["AWS::ECR::Repository"]["shop"] = {"staging": "sha"}
    formation.tags["shop"] = {"RepositoryId": "456789"}
    assert workplace.run("setup").code == 0
    adopting = [
        call for call in workplace.desk.calls if "--import-existing-resources" in call.words
    ]
    assert [call.words[4] for call in adopting] == ["shop-github"]
    assert formation.stacks["shop-github"]["status"] == ["IMPORT_COMPLETE"]
    workplace.run("setup")
    assert not [call for call in workplace.desk.changes() if "shop-github" in call]


CLASSIC = {"use_default": True, "sub_claim_prefix": "repo:acme/shop"}
NEW, OLD = "2026-07-15T00:00:00Z", "2026-07-14T23:59:59Z"


@pytest.mark.parametrize(
    ("told", "created_at", "form"),
    [
        ({"use_default": True, "sub_claim_prefix": "repo:acme@1/shop@2"}, OLD, "immutable"),
        (CLASSIC, NEW, "classic"),
        ({"use_default": True, "use_immutable_subject": True}, OLD, "immutable"),
        ({"use_default": True, "use_immutable_subject": False}, NEW, "classic"),
        ({"use_default": True}, NEW, "immutable"),
        ({"use_default": True}, OLD, "classic"),
        (None, NEW, "immutable"),
        (None, OLD, "classic"),
    ],
)
def test_subject_form_is_found_out(workplace, told, created_at, form):
    """The plan shows the form that GitHub tells, or the one of the repository's age."""
    workplace.hub.subject = told
    workplace.hub.repository["created_at"] = created_at
    outcome = workplace.run("setup", typing="n\n", STAGES="staging")
    assert f"environment:STAGE ({form})" in outcome.out


def test_subject_form_can_be_chosen(workplace):
    """SUBJECT_FORMAT wins over what GitHub tells."""
    outcome = workplace.run("setup", STAGES="staging", SUBJECT_FORMAT="classic")
    assert "repo:acme/shop:environment:STAGE (classic)" in outcome.out
    parameters = workplace.cloud.formation.stacks["shop-github"]["parameters"]
    assert parameters["SubjectFormat"] == "classic"


def test_yes_asks_nothing(workplace):
    """YES=1 goes ahead without a question."""
    outcome = workplace.run("setup", typing="", YES="1", STAGES="staging")
    assert outcome.code == 0
    assert "Go ahead?" not in outcome.out


def test_the_plan_names_the_checkout(workplace, tmp_path):
    """The plan says which commit's templates it deploys, or that nobody knows."""
    plan = workplace.run("setup", typing="n\n").out
    assert "Templates   of this folder, which Git does not know" in plan
    git = workplace.programs / "git"
    git.write_text(
        "#!/bin/bash\ncase $2 in --abbrev-ref) echo main;; --short) echo 1a2b3c4;;"
        ' *) echo " M deploy/infra/stage.yml";; esac\n'
    )
    git.chmod(0o755)
    try:
        plan = workplace.run("setup", typing="n\n").out
    finally:
        git.unlink()
    assert "Templates   main at 1a2b3c4, with changes that are not committed" in plan


def test_the_plan_names_a_sum(set_up, first_run):
    """The plan says what the stages that are new cost, and nothing of those that are there."""
    said = "Stages that are new: 2, about 106 US dollars a month with the defaults"
    assert said in first_run[0].out.partition("Go ahead?")[0]
    assert "US dollars" not in set_up.run("setup").out
    page = (TEMPLATES.parents[1] / "docs" / "cost.md").read_text()
    assert f"**{MONTH}**" in page


def test_variables_of_a_stage_follow_its_stacks(workplace):
    """A production that fails does not leave a staging that works without its variables."""
    name = "shop-production-network"
    workplace.cloud.formation.breaks[name] = [("Vpc", "AWS::EC2::VPC", "limit")]
    assert workplace.run("setup").code == 1
    assert workplace.hub.variables["staging"]["SERVICE_NAME"] == "web"
    assert "AWS_BUILD_ROLE_ARN" not in workplace.hub.variables[""]
