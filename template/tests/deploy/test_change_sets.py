"""Changes that AWS refuses before it begins, and what it then says."""

from template.tests.deploy.cloud import denial
from template.tests.deploy.programs import RefusedError

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def take_name(workplace, monkeypatch):
    """Let somebody take the provider's name after setup has looked."""
    monkeypatch.setattr("deploy.create.github_provider", lambda *_: "")
    workplace.cloud.formation.kept["AWS::IAM::OIDCProvider"][PROVIDER] = {}


def test_a_name_that_is_taken(workplace, monkeypatch):
    """Early validation's own words are repeated, with the resource that it means."""
    take_name(workplace, monkeypatch)
    outcome = workplace.run("setup")
    assert outcome.code == 1
    for part in [
        "AWS refuses the change of the stack shop-github; nothing was changed in it.",
        "AWS::EarlyValidation::ResourceExistenceCheck",
        f"OIDCProvider (AWS::IAM::OIDCProvider): Resource of type 'AWS::IAM::OIDCProvider' with"
        f" identifier '{PROVIDER}' already exists.",
        "PROJECT=NAME",
    ]:
        assert part in outcome.err
    assert "undid" not in outcome.err


def test_a_refused_change_leaves_nothing(workplace, monkeypatch):
    """Neither a stack that was never begun nor a change set stays behind."""
    take_name(workplace, monkeypatch)
    workplace.run("setup")
    assert workplace.cloud.formation.stacks == {}
    monkeypatch.undo()


def test_an_older_aws_cli(workplace, monkeypatch):
    """An AWS CLI that knows no describe-events still tells the summary."""

    def unknown(words):
        if "describe-events" in words:
            raise RefusedError("argument operation: Invalid choice, valid choices are:", 252)

    take_name(workplace, monkeypatch)
    workplace.desk.before = unknown
    outcome = workplace.run("setup")
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in outcome.err
    assert "Invalid choice" not in outcome.err


def test_no_change_leaves_no_change_set(set_up):
    """A stack that is as it should be keeps no failed change set."""
    set_up.run("setup")
    assert set_up.cloud.formation.change_sets == {}


def test_a_first_attempt_that_fails_leaves_no_secret(workplace):
    """What a first attempt made goes with it: no secret stays that costs and has no name."""
    formation = workplace.cloud.formation
    name = "shop-staging-database"
    formation.breaks[name] = [("Database", "AWS::RDS::DBInstance", "no capacity")]
    workplace.run("setup")
    assert formation.kept["AWS::SecretsManager::Secret"] == {}
    formation.breaks = {"shop-github": [("BuildRole", "AWS::IAM::Role", "no")]}
    formation.stacks.clear()
    formation.kept = {kind: {} for kind in formation.kept}
    workplace.run("setup")
    assert not any(formation.kept.values())


def test_free_plan(workplace):
    """On the Free plan the reason and both ways on are named, and the way works."""
    workplace.cloud.formation.has_free_plan = True
    outcome = workplace.run("setup")
    assert outcome.code == 1
    assert "FreeTierRestrictionError" in outcome.err
    words = {f"{stage}_PARAMETERS": "BackupDays=1" for stage in ("STAGING", "PRODUCTION")}
    command = " ".join(f"{name}={value}" for name, value in words.items())
    assert f"`make setup {command}`" in outcome.err
    assert "aws cloudformation delete-stack --stack-name shop-staging-database" in outcome.err
    del workplace.cloud.formation.stacks["shop-staging-database"]
    assert workplace.run("setup", **words).code == 0
    assert workplace.run("setup").code == 0


def test_permission_denied_inside_a_change_set(workplace):
    """A permission that is missing when AWS makes a change set is named."""
    workplace.cloud.denied = {"cloudformation:DescribeChangeSet"}
    outcome = workplace.run("setup")
    who = workplace.cloud.who
    assert denial(who, "cloudformation:DescribeChangeSet").said
    assert f"AWS does not allow cloudformation:DescribeChangeSet to {who}." in outcome.err
