"""A template with its parameters becomes plain resources and outputs."""

from textwrap import dedent

import pytest

from template.rehearsal.cloudformation import templates
from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.tests.pipeline.conftest import PARAMETERS, TEMPLATE

SMALL = """
    Description: A repository
    Parameters:
      Name: {Type: String}
      Zone: {Type: String, Default: ""}
    Conditions:
      HasZone: !Not [!Equals [!Ref Zone, ""]]
    Mappings:
      Sizes: {small: {MiB: 512}}
    Resources:
      Repository:
        Type: AWS::ECR::Repository
        Properties:
          RepositoryName: !Sub "${AWS::StackName}-${Name}"
          Size: !FindInMap [Sizes, small, MiB]
          Zone: !If [HasZone, !Ref Zone, !Ref AWS::NoValue]
      ZoneRole:
        Type: AWS::IAM::Role
        Condition: HasZone
        Properties: {RoleName: !Join ["-", [!Ref Name, role]]}
    Outputs:
      Uri: {Value: !GetAtt Repository.RepositoryUri}
      Where: {Value: !Sub "${AWS::Region}/${AWS::AccountId}/${AWS::Partition}/${AWS::URLSuffix}"}
      ZoneRole: {Value: !GetAtt ZoneRole.Arn, Condition: HasZone}
"""


@pytest.fixture
def resolve(tmp_path):
    """Resolve a template that a test writes down."""

    def from_text(text=SMALL, region="eu-central-1", **parameters):
        file = tmp_path / "small.yml"
        file.write_text(dedent(text))
        return templates.resolve(file, parameters, name="stack", region=region)

    return from_text


def test_resources_are_plain(resolve):
    """Every function is resolved, and AWS::NoValue leaves nothing."""
    repository = resolve(Name="app").resources["Repository"]
    assert repository.type == "AWS::ECR::Repository"
    assert repository.properties == {"RepositoryName": "stack-app", "Size": 512}
    assert repository.id == "stack-app"


def test_conditions_decide_what_exists(resolve):
    """Resources and outputs of a condition that does not hold are not there."""
    assert "ZoneRole" not in resolve(Name="app").resources
    assert "ZoneRole" not in resolve(Name="app").outputs
    stack = resolve(Name="app", Zone="z")
    assert stack.resources["Repository"].properties["Zone"] == "z"
    assert stack.outputs["ZoneRole"] == "arn:aws:iam::123456789012:role/app-role"


def test_outputs_and_pseudo_parameters(resolve):
    """Outputs know the region, the account and the partition."""
    outputs = resolve(Name="app", region="us-east-1").outputs
    assert outputs["Where"] == "us-east-1/123456789012/aws/amazonaws.com"
    assert outputs["Uri"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/stack-app"


def test_parameters_are_listed(resolve, tmp_path):
    """The parameters of a template are known before it is resolved."""
    resolve(Name="app")
    assert templates.parameters_of(tmp_path / "small.yml") == {"Name", "Zone"}


def test_resources_by_type(resolve):
    """A stack lists its resources of one type."""
    stack = resolve(Name="app", Zone="z")
    assert list(stack.of_type("AWS::IAM::Role")) == ["ZoneRole"]
    assert stack.of_type("AWS::S3::Bucket") == {}


def test_addresses_are_relocated(resolve):
    """A text is replaced in all properties and outputs, and nothing else changes."""
    stack = resolve(Name="app")
    moved = stack.relocated("stack-app", "here")
    assert moved.resources["Repository"].properties == {"RepositoryName": "here", "Size": 512}
    assert moved.outputs["Uri"].endswith(".amazonaws.com/here")
    assert moved.relocated("here", "stack-app") == stack


def test_lists_are_relocated(github):
    """Texts in lists are replaced, too."""
    host = "token.actions.githubusercontent.com"
    moved = github.relocated("sts.amazonaws.com", "other").resources["OidcProvider"]
    assert moved.properties == {"Url": f"https://{host}", "ClientIdList": ["other"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Transform: x\nResources: {}", "the section Transform is not played"),
        ("Resources: {A: {Type: T, Properties: {x: !Ref B}}}", "no parameter or resource B"),
        ("Resources: {A: {Type: T, Properties: {x: !GetAtt B.c}}}", "no parameter or resource B"),
        ("Resources: {A: {Type: T, Condition: C}}", "no condition C"),
        ("Resources: {A: {Type: T, Properties: {x: !Ref A}}}", "A refers to itself"),
        ("Resources: {A: {Type: T, Properties: {x: !ImportValue y}}}", "Fn::ImportValue"),
        ("Parameters: {P: {Type: String}}\nResources: {}", "P is required"),
    ],
)
def test_mistakes_name_the_template(resolve, text, words):
    """What CloudFormation would refuse is refused, with the template's name."""
    with pytest.raises(TemplateError) as error:
        resolve(text)
    assert str(error.value).startswith("small.yml: ")
    assert words in str(error.value)


def test_classic_subject_of_the_real_template():
    """deploy/infra/github.yml has a switch for repositories whose subjects have no numbers."""
    stack = templates.resolve(TEMPLATE, {**PARAMETERS, "SubjectFormat": "classic"}, name="s")
    [statement] = stack.resources["BuildRole"].properties["AssumeRolePolicyDocument"]["Statement"]
    subject = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:octo-org/django-crud-app:ref:refs/heads/main"
