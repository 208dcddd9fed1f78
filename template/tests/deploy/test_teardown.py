"""`make teardown`, which keeps the data unless it is told otherwise."""

import json

import pytest

from template.tests.deploy.outcomes import assert_refused

KEPT = {
    "AWS::ECR::Repository": 1,
    "AWS::IAM::OIDCProvider": 1,
    "AWS::SecretsManager::Secret": 6,
    "AWS::RDS::DBSnapshot": 2,
    "AWS::RDS::DBInstanceAutomatedBackup": 2,
}


def kept(workplace):
    """Return how many things of each kind the account still has."""
    found = workplace.cloud.formation.kept
    return {kind: len(things) for kind, things in found.items() if things}


def test_data_is_kept(set_up):
    """A teardown deletes stacks and variables, and keeps images, secrets, snapshots and backups."""
    outcome = set_up.run("teardown")
    assert outcome.code == 0
    assert set_up.cloud.formation.stacks == {}
    assert set_up.hub.variables == {"": {}, "staging": {}, "production": {}}
    assert kept(set_up) == KEPT
    assert "To keep\n  images, secrets and a snapshot of each database" in outcome.out


def test_plan_is_shown_before_the_question(set_up):
    """The plan names every variable and stack before it asks."""
    outcome = set_up.run("teardown")
    plan = outcome.out.partition("Delete all this?")[0]
    for part in [
        "Account     123456789012, as arn:aws:iam::123456789012:user/dev",
        "  variable AWS_BUILD_ROLE_ARN of the repository\n",
        "  variable CLUSTER_ARN of production\n",
        "  stack shop-staging-database, of acme/shop\n",
        "  stack shop-github, of acme/shop\n",
    ]:
        assert part in plan


def test_deploying_is_switched_off_first(set_up):
    """The first call switches deploying off, and whatever uses another stack goes before it."""
    set_up.run("teardown")
    changes = set_up.desk.changes()
    assert changes[0].startswith("gh variable delete AWS_BUILD_ROLE_ARN ")
    deleted = [call.split()[4] for call in changes if "delete-stack" in call]
    assert deleted == [
        *(
            f"shop-{stage}{suffix}"
            for stage in ("staging", "production")
            for suffix in ("", "-roles", "-database", "-network")
        ),
        "shop-github",
    ]


def test_kept_things_come_with_their_commands(set_up):
    """Whatever is kept is named with the command that deletes it."""
    outcome = set_up.run("teardown")
    for part in [
        "aws ecr delete-repository --force --repository-name shop --region eu-central-1",
        "kept: database snapshot shop-staging-database-",
        "kept: OIDC provider, which other repositories may use",
        "kept: GitHub environment production, with its protection",
        "gh api --method DELETE repos/acme/shop/environments/production",
    ]:
        assert part in outcome.out


def test_protected_database_is_released(set_up):
    """A database that refuses to be deleted is told that it may be, with nothing else changed."""
    before = set_up.cloud.formation.stacks["shop-staging-database"]
    set_up.run("teardown")
    (words, _) = (call.words for call in set_up.desk.calls if "create-change-set" in call.words)
    assert "--use-previous-template" in words, "the checkout's may differ"
    given = json.loads(words[words.index("--parameters") + 1])
    assert given[0] == {"ParameterKey": "DeletionProtection", "ParameterValue": "false"}
    assert len(given) == len(before["parameters"])
    assert all(one.get("UsePreviousValue") for one in given[1:])
    tags = {one["Key"]: one["Value"] for one in json.loads(words[words.index("--tags") + 1])}
    assert tags == before["tags"]


def test_data_is_deleted_on_demand(set_up):
    """With DELETE_DATA=1 and the name typed, only what is shared with others stays."""
    outcome = set_up.run("teardown", typing="y\nshop\n", DELETE_DATA="1")
    assert outcome.code == 0
    assert kept(set_up) == {"AWS::IAM::OIDCProvider": 1}
    assert (
        "nothing: DELETE_DATA=1 deletes images, secrets, snapshots and backups too" in outcome.out
    )


@pytest.mark.parametrize("typing", ["y\nyes\n", "y\n\n", "y\n", "y\nDjango-Crud-App\n"])
def test_data_needs_the_name(set_up, typing):
    """DELETE_DATA=1 changes nothing unless the project's name is typed."""
    outcome = set_up.run("teardown", typing=typing, DELETE_DATA="1")
    assert outcome.code == 1
    assert "Nothing was changed: that was not shop." in outcome.err
    assert "leave DELETE_DATA out to keep the data" in outcome.err
    assert set_up.desk.changes() == []


def test_yes_does_not_stand_for_the_name(set_up):
    """YES=1 does not delete data: the name has to be typed all the same."""
    outcome = set_up.run("teardown", typing="", YES="1", DELETE_DATA="1")
    assert outcome.code == 1
    assert set_up.desk.changes() == []


def test_data_of_an_earlier_teardown(set_up):
    """What an earlier teardown kept can be deleted by a later one."""
    set_up.run("teardown")
    outcome = set_up.run("teardown", typing="y\nshop\n", DELETE_DATA="1")
    assert outcome.code == 0
    assert "nothing of this project is left" in outcome.out
    assert kept(set_up) == {"AWS::IAM::OIDCProvider": 1}


def test_nothing_left(workplace):
    """A teardown of nothing changes nothing and says so."""
    outcome = workplace.run("teardown")
    assert outcome.code == 0
    assert "Nothing changed: nothing was left to delete." in outcome.out
    assert workplace.desk.changes() == []


def test_setup_after_teardown(set_up):
    """A setup after a teardown takes the images back and uses the provider that was kept."""
    set_up.deploy_images()
    set_up.run("teardown")
    outcome = set_up.run("setup")
    assert outcome.code == 0
    images = set_up.cloud.formation.kept["AWS::ECR::Repository"]["shop"]
    assert set(images) == {"staging", "production"}
    assert len(set_up.cloud.formation.kept["AWS::IAM::OIDCProvider"]) == 1
    assert set_up.run("setup").code == 0


def test_one_stage_alone(set_up):
    """STAGES leaves the other stage, the roles and the image repository alone."""
    outcome = set_up.run("teardown", STAGES="staging")
    assert outcome.code == 0
    stacks = set_up.cloud.formation.stacks
    assert "shop-github" in stacks
    assert not [name for name in stacks if "staging" in name]
    assert len([name for name in stacks if "production" in name]) == 4
    assert len(set_up.hub.variables[""]) == 4
    assert set_up.hub.variables["staging"] == {}


def test_failed_stack_is_deleted(workplace):
    """A stack that failed to be created is deleted without an update before."""
    name = "shop-staging-database"
    workplace.cloud.formation.breaks[name] = [("Database", "AWS::RDS::DBInstance", "no capacity")]
    workplace.run("setup")
    workplace.cloud.formation.stacks[name]["parameters"]["DeletionProtection"] = "false"
    assert workplace.run("teardown").code == 0
    assert not [call for call in workplace.desk.changes() if "execute-change-set" in call]
    assert workplace.cloud.formation.stacks == {}


def test_stack_that_stays(set_up):
    """A stack that AWS keeps tells why and what to run afterwards."""
    stack = set_up.cloud.formation.stacks["shop-staging-database"]
    stack["status"] = ["UPDATE_ROLLBACK_FAILED"]
    outcome = set_up.run("teardown")
    assert outcome.code == 1
    assert "Database (AWS::RDS::DBInstance): Cannot delete protected DB Instance" in outcome.err
    assert "Mend the reason. Then `make teardown`." in outcome.err
    assert "Done before it stopped: variable AWS_BUILD_ROLE_ARN" in outcome.err


def test_bucket_of_the_pipeline(set_up):
    """The pipeline's stack goes too; its bucket empties itself and is left to the person."""
    formation = set_up.cloud.formation
    github = formation.stacks["shop-github"]
    pipeline = github | {"name": "shop-pipeline", "id": "pipeline", "events": []}
    pipeline["template"] = {
        "Resources": {"ArtifactBucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}
    }
    formation.stacks["shop-pipeline"] = pipeline
    formation.kept["AWS::S3::Bucket"]["shop-pipeline-artifactbucket-0"] = {}
    outcome = set_up.run("teardown", typing="y\nshop\n", DELETE_DATA="1")
    assert outcome.code == 0
    assert "kept: bucket, which has to be empty first" in outcome.out
    assert "aws s3api delete-bucket --bucket shop-pipeline-artifactbucket-0" in outcome.out


def test_a_stage_that_the_pipeline_uses(set_up):
    """One stage is not taken away from under CodePipeline, whose roles wear its policy."""
    formation = set_up.cloud.formation
    pipeline = formation.stacks["shop-github"] | {"name": "shop-pipeline", "id": "pipeline"}
    formation.stacks["shop-pipeline"] = pipeline | {"tags": {}}
    outcome = set_up.run("teardown", STAGES="staging")
    assert_refused(
        set_up,
        outcome,
        "The stack shop-pipeline uses the stages",
        "aws cloudformation delete-stack --stack-name shop-pipeline --region eu-central-1",
    )


def test_an_interrupted_deletion_is_waited_for(set_up):
    """A stack that is being deleted is gone when it is waited for, and that is no error."""
    formation = set_up.cloud.formation
    stack = formation.stacks.pop("shop-staging")
    stack["status"] = ["DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    formation.deleted.append(stack)
    find = formation.find
    formation.find = lambda name: stack if name == "shop-staging" else find(name)
    assert set_up.run("teardown").code == 0
    assert formation.stacks == {}
