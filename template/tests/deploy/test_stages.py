"""Stages are names that an owner chooses, and one may live in another account."""

import pytest

from deploy.settings import all_stages, reviewed_stage
from template.tests.deploy.cloud import Cloud
from template.tests.deploy.outcomes import assert_refused

OTHER = "210987654321"
THREE = "test staging production"


@pytest.fixture
def three(workplace):
    """A project with a stage more than usual."""
    workplace.last = workplace.run("setup", STAGES=THREE)
    assert workplace.last.code == 0
    return workplace


def stages_of(workplace):
    """Return the stages that have a service."""
    names = workplace.cloud.formation.services
    return [name.removeprefix("shop-") for name in names]


def test_three_stages(three):
    """A third stage gets stacks, roles, variables, an environment, and its tag's protection."""
    assert stages_of(three) == ["test", "staging", "production"]
    assert set(three.hub.environments) == {"test", "staging", "production"}
    parameters = three.cloud.formation.stacks["shop-github"]["parameters"]
    slots = [parameters[f"Stage{number}"] for number in range(1, 5)]
    assert slots == ["test", "staging", "production", ""]
    role = three.hub.variables["test"]["AWS_RELEASE_ROLE_ARN"]
    assert role == "arn:aws:iam::123456789012:role/shop-test-release"
    assert three.cloud.formation.trusted_subject("shop-test-release").endswith(":environment:test")


def test_stages_are_remembered(three):
    """The next run is about the same stages without naming them, and so is doctor."""
    assert three.hub.variables[""]["STAGES"] == THREE
    three.run("setup")
    assert three.desk.changes() == []
    assert "role shop-test-release trusts" in three.run("doctor").out


def test_stages_are_remembered_by_a_run_that_stops(workplace):
    """They are, from when the first of their environments exists."""
    workplace.cloud.formation.breaks["shop-github"] = [("BuildRole", "AWS::IAM::Role", "no")]
    workplace.run("setup", STAGES=THREE)
    assert workplace.hub.variables[""]["STAGES"] == THREE


def test_the_usual_stages_need_no_variable(set_up):
    """Staging and production are what a repository has that says nothing."""
    assert "STAGES" not in set_up.hub.variables[""]


def test_one_of_them_alone(three):
    """One stage can be set up or torn down alone; the others are left as they are."""
    three.run("setup", STAGES="test", TEST_PARAMETERS="Cpu=512")
    changed = {call.split("changeSet/")[1].split("/")[0] for call in three.desk.changes()}
    assert changed == {"shop-test"}
    assert three.run("teardown", STAGES="test").code == 0
    assert not [name for name in three.cloud.formation.stacks if "-test" in name]
    assert three.hub.variables[""]["STAGES"] == THREE


def test_a_whole_teardown_forgets_them(three):
    """After a teardown of everything the repository says nothing of stages any more."""
    assert three.run("teardown").code == 0
    assert "STAGES" not in three.hub.variables[""]
    assert three.cloud.formation.stacks == {}


def test_a_stage_is_added_later(set_up):
    """A further stage that is named alone comes before the last one, which stays the reviewed."""
    assert set_up.run("setup", STAGES="test").code == 0
    assert set_up.hub.variables[""]["STAGES"] == "staging test production"
    assert set_up.hub.environments["test"]["protection_rules"] == []


def test_the_last_stage_is_reviewed(workplace):
    """Whatever it is called, the last of several stages wants a person's review."""
    assert workplace.run("setup", STAGES="qa live").code == 0
    assert workplace.hub.environments["qa"]["protection_rules"] == []
    (review,) = workplace.hub.environments["live"]["protection_rules"]
    assert review["type"] == "required_reviewers"


@pytest.mark.parametrize(
    ("chosen", "before", "is_new", "wanted"),
    [
        ("", "", True, "staging production"),
        ("staging", "", True, "staging production"),
        ("dev live", "", True, "dev live"),
        ("test", "", True, "test"),
        ("test", "", False, "staging test production"),
        ("test staging production", "", False, "test staging production"),
        ("live dev", "dev live", False, "dev live"),
        ("qa", "dev live", False, "dev qa live"),
    ],
)
def test_which_stages_there_are(chosen, before, is_new, wanted):
    """Naming some of the stages forgets none of the others."""
    found = all_stages(tuple(chosen.split()), tuple(before.split()), is_new=is_new)
    assert found == tuple(wanted.split())


@pytest.mark.parametrize(
    ("stages", "wanted"),
    [
        (("staging", "production"), "production"),
        (("dev", "qa", "live"), "live"),
        (("production",), "production"),
        (("staging",), "production"),
    ],
)
def test_which_stage_is_reviewed(stages, wanted):
    """A stage that is alone is reviewed where it is called production."""
    assert reviewed_stage(stages) == wanted


def test_too_many_together(three):
    """Four stages are what the registry's filters take, those before counted."""
    outcome = three.run("setup", STAGES="qa demo")
    assert_refused(three, outcome, "at most 4 names")


@pytest.fixture
def elsewhere(workplace):
    """A desk with a second profile, which belongs to another account."""
    other = Cloud()
    other.account, other.registry = OTHER, workplace.cloud
    other.who = f"arn:aws:iam::{OTHER}:user/dev"
    other.formation.account = OTHER
    workplace.cloud.profiles["prod"] = other
    workplace.other = other
    return workplace


def test_a_stage_in_another_account(elsewhere):
    """Its stacks, role and provider are there; the images stay, and the registry admits it."""
    outcome = elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    assert outcome.code == 0
    assert f"production in {OTHER}" in outcome.out.partition("Go ahead?")[0]
    here, there = (one.formation.stacks for one in (elsewhere.cloud, elsewhere.other))
    assert [name for name in here if "production" in name] == []
    assert set(there) == {
        f"shop-production{end}" for end in ("-network", "-database", "-roles", "")
    }
    assert here["shop-github"]["parameters"]["StageAccountIds"] == OTHER
    roles = there["shop-production-roles"]["parameters"]
    assert roles["RepositoryArn"] == "arn:aws:ecr:eu-central-1:123456789012:repository/shop"
    assert roles["ExistingOidcProviderArn"] == "", "that account has none yet"
    assert there["shop-production"]["parameters"]["EcrImageUrl"].startswith("123456789012.dkr.ecr.")
    variables = elsewhere.hub.variables["production"]
    assert variables["AWS_ACCOUNT_ID"] == OTHER
    assert variables["AWS_RELEASE_ROLE_ARN"] == f"arn:aws:iam::{OTHER}:role/shop-production-release"
    assert variables["CLUSTER_ARN"].split(":")[4] == OTHER
    assert elsewhere.hub.variables["staging"]["AWS_ACCOUNT_ID"] == "123456789012"


def test_planned_values_come_true_elsewhere(elsewhere):
    """The plan announces the values of that account."""
    outcome = elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    for name, value in elsewhere.hub.variables["production"].items():
        assert f"production  {name} = {value}\n" in outcome.out.partition("Go ahead?")[0]


def test_another_account_again(elsewhere):
    """The next run changes nothing, starts containers there, and doctor finds nothing to mend."""
    elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    assert elsewhere.desk.changes() == []
    elsewhere.deploy_images()
    assert elsewhere.run("setup", PRODUCTION_PROFILE="prod").code == 0
    assert elsewhere.other.formation.services["shop-production"]["desired"] == 1
    outcome = elsewhere.run("doctor", PRODUCTION_PROFILE="prod")
    assert outcome.code == 0, outcome


@pytest.mark.parametrize("command", ["setup", "teardown"])
def test_the_profile_must_not_be_forgotten(elsewhere, command):
    """Without its profile a stage is not set up a second time in the registry's account."""
    elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    outcome = elsewhere.run(command)
    assert_refused(
        elsewhere,
        outcome,
        f"set up with production in the account {OTHER}, not 123456789012",
        "PRODUCTION_PROFILE=NAME",
    )
    outcome = elsewhere.run("doctor")
    assert (
        f"wrong    this repository is set up with production in the account {OTHER}" in outcome.out
    )


def test_one_of_two_accounts_keeps_its_access(elsewhere):
    """Setting up another stage alone takes no account's access to the images away."""
    elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    elsewhere.run("setup", STAGES="staging")
    assert elsewhere.desk.changes() == []


def test_teardown_in_both_accounts(elsewhere):
    """A teardown deletes in both accounts and names what stays with its profile."""
    elsewhere.run("setup", PRODUCTION_PROFILE="prod")
    outcome = elsewhere.run("teardown", PRODUCTION_PROFILE="prod")
    assert outcome.code == 0
    assert elsewhere.cloud.formation.stacks == elsewhere.other.formation.stacks == {}
    assert "--region eu-central-1 --profile prod" in outcome.out


def test_an_unknown_profile(workplace):
    """A profile that the AWS CLI does not know is named, with how to log in."""
    outcome = workplace.run("setup", PRODUCTION_PROFILE="nobody")
    assert_refused(workplace, outcome, "(nobody) could not be found")
