"""The stand-in for CodeBuild keeps to CodeBuild's rules."""

import os

import pytest

from template.rehearsal import codebuild


@pytest.fixture
def build(tmp_path):
    """A function that runs a buildspec written as text."""

    def run(text: str, **environment: str) -> codebuild.Build:
        buildspec = tmp_path / "build.yml"
        buildspec.write_text(text)
        return codebuild.run(buildspec, tmp_path, {"PATH": os.environ["PATH"], **environment})

    return run


def test_commands_of_a_phase_share_one_shell(build):
    """A plain variable and the working folder live on from command to command."""
    done = build(
        "version: 0.2\nphases: {build: {commands: [word=kept, mkdir sub, cd sub, "
        "'echo $word in $(basename $PWD)']}}"
    )
    assert done.succeeded
    assert done.output == "kept in sub\n"


def test_exports_and_folder_go_on_to_the_next_phase(build):
    """The next phase finds exported variables and the working folder, and no plain variable."""
    done = build(
        "version: 0.2\nphases: {install: {commands: [export A=exported, B=plain, cd /]}, "
        "build: {commands: ['echo $A ${B:-gone} $PWD']}}"
    )
    assert done.output == "exported gone /\n"


def test_phases_run_in_the_order_of_codebuild(build):
    """The order in the file does not matter."""
    done = build(
        "version: 0.2\nphases: {post_build: {commands: [echo 3]}, build: {commands: [echo 2]}, "
        "install: {commands: [echo 1]}}"
    )
    assert done.output == "1\n2\n3\n"


def test_failed_command_skips_the_rest_of_its_phase(build):
    """What follows a failed command is not run, and its status is the phase's."""
    done = build("version: 0.2\nphases: {build: {commands: [(exit 7), echo never]}}")
    assert done.phases == {"build": 7}
    assert done.output == ""


def test_post_build_runs_after_a_failed_build(build):
    """It is told of the failure, which stays the build's result."""
    done = build(
        "version: 0.2\nphases: {build: {commands: ['false']}, "
        "post_build: {commands: ['echo succeeding=$CODEBUILD_BUILD_SUCCEEDING']}}"
    )
    assert not done.succeeded
    assert done.output == "succeeding=0\n"


@pytest.mark.parametrize(
    "failing",
    ["pre_build: {commands: ['false']}", "build: {on-failure: ABORT, commands: ['false']}"],
)
def test_nothing_runs_after_an_aborted_phase(build, failing):
    """A failed pre_build, or a build that says ABORT, is the last phase."""
    done = build(f"version: 0.2\nphases: {{{failing}, post_build: {{commands: [echo never]}}}}")
    assert not done.succeeded
    assert done.output == ""


def test_last_status_of_a_block_counts(build):
    """Without `set -e` a block hides its failures, as it does in CodeBuild."""
    assert build('version: 0.2\nphases: {build: {commands: ["false\\ntrue"]}}').succeeded


def test_environment_wins_over_the_buildspec(build):
    """A variable given to the build takes precedence over one of the file."""
    done = build(
        "version: 0.2\nenv: {variables: {A: file, B: file}}\n"
        "phases: {build: {commands: ['echo $A $B']}}",
        A="given",
    )
    assert done.output == "given file\n"


def test_environment_is_only_what_is_given(build, monkeypatch):
    """Variables of the machine do not reach the build, and standard input is empty."""
    monkeypatch.setenv("OF_THE_MACHINE", "leaked")
    done = build(
        "version: 0.2\nphases: {build: {commands: ['cat; echo ${OF_THE_MACHINE:-clean}']}}"
    )
    assert done.output == "clean\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 0.1\nphases: {}", "version must be 0.2, not 0.1"),
        ("version: 0.2\nphases: {deploy: {}}", "unknown phase deploy"),
        ("version: 0.2\nenv: {shell: fish}\nphases: {}", "unknown shell fish"),
    ],
)
def test_what_codebuild_would_refuse_is_refused(build, text, message):
    """An unknown version, phase or shell is an error that names it."""
    with pytest.raises(codebuild.BuildspecError, match=message):
        build(text)
