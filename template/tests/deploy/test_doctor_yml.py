"""doctor.yml, run by act with the issuer's double and the doubles of aws and gh."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from template.rehearsal.github.oidc import Issuer, Job, Repository
from template.rehearsal.serving import serve

ROOT = Path(__file__).parents[3]
FILE = Path(".github", "workflows", "doctor.yml")
BUILD_ROLE = "arn:aws:iam::123456789012:role/shop-build"
SYSTEM = "/usr/bin:/bin"
ACT = Path(sys.executable).parent / "act"


@pytest.fixture
def checkout(tmp_path):
    """A repository on GitHub's ways: doctor's files in one commit on main, with a remote."""
    folder = tmp_path / "shop"
    for part in ("deploy",):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / FILE).parent.mkdir(parents=True)
    shutil.copy(ROOT / FILE, folder / FILE)
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("remote", "add", "origin", "https://github.com/acme/shop.git"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "All"),
    ):
        subprocess.run(["git", *words], cwd=folder, env={"PATH": SYSTEM}, check=True)
    return folder


def run_act(workplace, checkout, environment, variables, stage):
    """Run doctor.yml as somebody who pressed its button, and return how it ended."""
    event = checkout.parent / "event.json"
    repository = {"default_branch": "main", "full_name": "acme/shop"}
    event.write_text(json.dumps({"repository": repository, "inputs": {"environment": stage}}))
    job = "environment" if stage else "repository"  # one at a time, as the issuer wants it
    options = ["-j", job, "-W", str(FILE), "-P", "ubuntu-24.04=-self-hosted", "-e", str(event)]
    for name, value in environment.items():
        options += ["--env", f"{name}={value}"]
    for name, value in variables.items():
        options += ["--var", f"{name}={value}"]
    python = Path(sys.base_prefix, "bin")
    path = os.pathsep.join([str(workplace.programs), str(python), SYSTEM])
    return subprocess.run(
        [str(ACT), "workflow_dispatch", *options],
        cwd=checkout,
        env={"PATH": path, "HOME": str(checkout.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("build_role", "stage", "code", "parts"),
    [
        ("", "", 0, ["Nothing to look at", "acme@123456/shop@456789:ref:refs/heads/main"]),
        (BUILD_ROLE, "", 0, ["shop-build trusts", "environment production exists"]),
        (BUILD_ROLE, "staging", 0, ["staging-release trusts", "staging runs 1 of 1 containers"]),
        ("build", "", 1, ["Things to mend: ", "gh variable set AWS_BUILD_ROLE_ARN"]),
    ],
)
def test_run(healthy, checkout, build_role, stage, code, parts):
    """The workflow is green with nothing configured and with all of it, and red with a fault."""
    job = Job(stage or None, "workflow_dispatch", "refs/heads/main", id_token=True)
    issuer = Issuer(Repository("acme", "123456", "shop", "456789"), lambda: job)
    variables = healthy.hub.variables[""] | healthy.hub.variables["staging"]
    variables["AWS_BUILD_ROLE_ARN"] = build_role
    with serve(issuer) as endpoint:
        ended = run_act(
            healthy,
            checkout,
            issuer.environment(endpoint),
            variables if build_role else {},
            stage,
        )
    assert ended.returncode == code, ended.stdout + ended.stderr
    for part in parts:
        assert part in ended.stdout
    assert healthy.desk.fault is None


def test_permissions_are_what_doctor_uses():
    """Each job may read the code and ask for a token, and one may read environments."""
    jobs = yaml.safe_load((ROOT / FILE).read_text())["jobs"]
    read = {"contents": "read", "id-token": "write"}
    assert jobs["environment"]["permissions"] == read
    assert jobs["repository"]["permissions"] == read | {"actions": "read"}


def test_no_environment_is_named_unless_chosen():
    """Only the job that somebody asked for names an environment, which would create it."""
    jobs = yaml.safe_load((ROOT / FILE).read_text())["jobs"]
    assert "environment" not in jobs["repository"]
    assert jobs["environment"]["if"] == "inputs.environment != ''"
