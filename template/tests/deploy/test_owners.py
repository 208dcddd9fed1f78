"""Two repositories in one account never touch each other."""

import copy

import pytest

from deploy.settings import project_name
from template.tests.deploy.hub import Hub
from template.tests.deploy.outcomes import assert_refused

OTHER = "acme/blog"


@pytest.fixture
def second(set_up):
    """A second repository's clone, at the desk where the first one is set up in the account."""
    set_up.first = set_up.hub
    hub = Hub(OTHER)
    hub.repository |= {"id": 999, "name": "blog", "full_name": OTHER}
    hub.subject = {"use_default": True, "use_immutable_subject": True}
    set_up.hub = set_up.desk.doubles["gh"] = hub
    return set_up


def state(workplace):
    """Return the stacks as they are now."""
    return copy.deepcopy(workplace.cloud.formation.stacks)


def test_second_repository_gets_its_own_stacks(second):
    """Without any choice a second repository is set up beside the first one."""
    before = state(second)
    assert second.run("setup").code == 0
    after = second.cloud.formation.stacks
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} == {
        name.replace("shop", "blog", 1) for name in before
    }


@pytest.mark.parametrize("command", ["setup", "teardown"])
@pytest.mark.parametrize("missing", [(), ("shop-github",)])
def test_another_repositorys_stacks_are_refused(second, command, missing):
    """Neither setup nor teardown touches what another repository has made, named by its project."""
    for name in missing:
        del second.cloud.formation.stacks[name]
    outcome = second.run(command, PROJECT="shop")
    assert_refused(second, outcome, "belongs to acme/shop (repository 456789)", "acme/blog (999)")
    assert "PROJECT=blog" in outcome.err


def test_another_repositorys_broken_stack_is_not_to_be_deleted(second):
    """Whose it is comes before its state: nobody is told to delete another one's stack."""
    second.cloud.formation.stacks["shop-github"]["status"] = ["ROLLBACK_COMPLETE"]
    outcome = second.run("setup", PROJECT="shop")
    assert_refused(second, outcome, "belongs to acme/shop")
    assert "delete-stack" not in outcome.err


def test_an_older_stack_tells_by_its_parameters(second):
    """A stack from before the tags tells by its parameters whose it is."""
    second.cloud.formation.stacks["shop-github"]["tags"] = {"Project": "shop"}
    outcome = second.run("setup", PROJECT="shop")
    assert_refused(second, outcome, "belongs to acme/shop (repository 456789)")


def test_doctor_knows_whose_stacks_these_are(second):
    """Doctor names the other repository, and goes no further in its stacks."""
    outcome = second.run("doctor", PROJECT="shop")
    assert outcome.code == 1
    assert "wrong    The stack shop-github belongs to acme/shop (repository 456789)" in outcome.out
    assert "PROJECT=blog" in outcome.out
    assert "role shop-build" not in outcome.out


def test_the_same_name_under_another_owner(second):
    """Where two repositories have one name, the second one is offered another."""
    second.hub.repository["name"] = "shop"
    outcome = second.run("setup")
    assert_refused(second, outcome, "belongs to acme/shop", "PROJECT=shop-2")


@pytest.mark.parametrize("command", ["setup", "teardown"])
def test_a_renamed_repository_keeps_its_stacks(second, command):
    """A renamed repository keeps its stacks, because its number stays."""
    second.hub.repository |= {"id": 456789, "name": "boutique"}
    second.hub.variables = second.first.variables
    second.hub.environments = second.first.environments
    assert second.run(command, typing="y\n").code == 0


@pytest.mark.parametrize(
    ("tags", "parts"),
    [
        ({"RepositoryId": "999", "Repository": OTHER}, ["belongs to acme/blog (999)"]),
        (
            {},
            ["does not tell whose it is", "aws ecr tag-resource", "Key=RepositoryId,Value=456789"],
        ),
    ],
)
def test_somebody_elses_images_are_not_adopted(workplace, tags, parts):
    """An image repository that is not known to be this repository's is not taken over."""
    workplace.cloud.formation.kept["AWS::ECR::Repository"]["shop"] = {}
    workplace.cloud.formation.tags["shop"] = tags
    assert_refused(workplace, workplace.run("setup"), *parts, "PROJECT=NAME")


@pytest.fixture
def renamed(set_up):
    """A repository that was set up with PROJECT=django-crud-app."""
    formation = set_up.cloud.formation
    text = repr((formation.stacks, formation.kept, formation.services, set_up.hub.variables))
    assert "shop-" in text
    set_up.run("teardown", typing="y\nshop\n", DELETE_DATA="1")
    assert set_up.run("setup", PROJECT="django-crud-app").code == 0
    return set_up


def test_name_in_use_goes_on(renamed):
    """Who is set up under another name than the repository's goes on under it, without a word."""
    assert renamed.run("setup").code == 0
    assert renamed.desk.changes() == []
    outcome = renamed.run("doctor")
    assert "ok       stack django-crud-app-github" in outcome.out


def test_name_in_use_is_not_somebody_elses(renamed):
    """A new repository does not go on where another one is set up under such a name."""
    renamed.hub.variables[""].clear()
    renamed.hub.repository["id"] = 999
    renamed.hub.environments.clear()
    assert renamed.run("setup").code == 0
    assert "shop-github" in renamed.cloud.formation.stacks


def test_teardown_says_under_which_name_the_images_are(renamed):
    """The command that brings everything back names a project that setup would not choose."""
    outcome = renamed.run("teardown")
    assert "`make setup PROJECT=django-crud-app` brings everything back" in outcome.out


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("shop", "shop"),
        ("My_Shop.Web", "my-shop-web"),
        ("--2nd--", "app-2nd"),
        ("___", "app"),
        ("x", "app-x"),
        ("a" * 40, "a" * 32),
        (f"{'a' * 31}-b", "a" * 31),
    ],
)
def test_names_of_projects(repository, name):
    """A project's name fits whatever AWS names after it."""
    assert project_name(repository) == name
