SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
FUZZ_CASES ?= 200
VENV ?= $(CURDIR)/.venv
BIN := $(VENV)/bin
CHECKOV_VENV := $(VENV)-checkov
export CHECKOV := $(CHECKOV_VENV)/bin/checkov
PERSONS_PATH := $(PATH)
export PATH := $(BIN):$(PATH)
CHECK_PYTHON := $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("This is Python " + sys.version.split()[0] + ", 3.11 or later is needed. Choose another: make PYTHON=python3.13")'
# tests/conftest.py says which tests stay together.
PYTEST := python -m pytest --numprocesses auto --dist load --no-loadscope-reorder
# Judged at the end, and not where tests were skipped.
COVERAGE := --cov --cov-report= --cov-fail-under=0

.PHONY: help
help: ## Print the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.stamp: requirements.txt
	@echo "Installing what the application needs into $(VENV) ..."
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# uv takes seconds where pip takes minutes; pip is asked where only pip knows the way to an index.
INSTALL = $(BIN)/uv pip install --quiet --system-certs --python $(1)/bin/python --requirements $(2) || \
  $(BIN)/pip --python $(1)/bin/python install --quiet --disable-pip-version-check -r $(2)

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@echo "Installing the test and lint tools into $(VENV) ..."
	@awk '/^[a-z]/ {wanted = /^uv==/} wanted' requirements-dev.txt > $(VENV)/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r $(VENV)/uv.txt
	@$(call INSTALL,$(VENV),requirements-dev.txt)
	@touch $@

# Apart, because checkov wants other versions of what the rest wants.
$(CHECKOV_VENV)/stamp: $(VENV)/dev.stamp infra/requirements-checkov.txt
	@echo "Installing checkov into $(CHECKOV_VENV) ..."
	@$(PYTHON) -m venv --without-pip $(CHECKOV_VENV)
	@$(call INSTALL,$(CHECKOV_VENV),infra/requirements-checkov.txt)
	@touch $@

.PHONY: install
install: $(VENV)/dev.stamp ## Install everything into .venv

.PHONY: requirements
requirements: install ## Compile the requirements files from pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --no-header -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.txt docker_image/server.in -o docker_image/server.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements-dev.txt docker_image/tools.in -o docker_image/tools.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 infra/requirements-checkov.in -o infra/requirements-checkov.txt

.PHONY: run
run: $(VENV)/run.stamp ## Serve the application on SQLite at http://127.0.0.1:8000 (PORT=8001: another port)
	@python -c 'import socket, sys; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", $(PORT)))' 2>/dev/null || \
	  { echo "Port $(PORT) is taken. Choose another: make run PORT=8001"; exit 1; }
	@python manage.py migrate --verbosity 0
	@echo "Try these (Ctrl-C ends the server):"
	@printf '  http://127.0.0.1:$(PORT)/%s\n' ping itemslist docs/ admin/
	@exec python manage.py runserver 127.0.0.1:$(PORT)

.PHONY: test
test: install ## Test everything, on SQLite and on PostgreSQL (under 5 minutes on two processors)
	$(PYTEST) --durations=10
	python -m tests.postgresql $(PYTEST) tests/app
	@echo "Rows that resemble those above, checkov and the coverage are left to: make test-all"

# tests/exhaustive.py says what the other recipes leave out.
test-all fuzz resilience screenshots test-adopt-all test-fresh-copy: export EXHAUSTIVE := 1

.PHONY: test-all
test-all: install $(CHECKOV_VENV)/stamp ## The same with every row of every table, and measure the coverage (12 minutes)
	@rm -f .coverage .coverage.* .skipped
	$(PYTEST) $(COVERAGE) --durations=10
	python -m tests.postgresql $(PYTEST) tests/app
	@if [ -e .skipped ]; then echo "Coverage is not judged, because tests were skipped:"; cat .skipped; else coverage report; fi

.PHONY: test-app
test-app: install ## Test the application on SQLite, or on what DATABASE_URL names
	$(PYTEST) tests/app

.PHONY: test-postgresql
test-postgresql: install ## Test the application on a PostgreSQL server of its own
	python -m tests.postgresql $(PYTEST) tests/app

.PHONY: fuzz
fuzz: install ## Send at least 10,000 requests made out of the API's schema (FUZZ_CASES=1000: more)
	FUZZ_CASES=$(FUZZ_CASES) $(PYTEST) --numprocesses 0 --log-cli-level WARNING tests/app/test_fuzz.py

.PHONY: test-image
test-image: install ## Build the image and test it
	$(PYTEST) tests/image

.PHONY: test-pipeline
test-pipeline: install ## Test the buildspecs, the workflows and the rehearsal
	$(PYTEST) tests/pipeline

.PHONY: test-infra
test-infra: install $(CHECKOV_VENV)/stamp ## Test the CloudFormation templates and the setup
	$(PYTEST) tests/infra tests/setup

.PHONY: test-resilience
test-resilience: install ## Replace, kill, starve and attack containers for a moment
	$(PYTEST) tests/resilience

.PHONY: resilience
resilience: install ## The same with all figures (6 minutes)
	RESILIENCE=full $(PYTEST) --numprocesses 0 --timeout 1800 tests/resilience

.PHONY: bench
bench: install ## Measure everything beside what others use, and write bench/results (10 minutes on a quiet machine)
	@python -m bench

.PHONY: test-template
test-template: install ## Adopt projects, rename a copy, run the workflows of a fresh one
	$(PYTEST) tests/template

.PHONY: test-adopt-all
test-adopt-all: install ## Adopt projects of every shape, and build and run their images
	ALL_SHAPES=1 $(PYTEST) tests/template/test_shapes.py

.PHONY: test-browser
test-browser: install ## Use the application in a real browser (Chromium or Chrome)
	$(PYTEST) --numprocesses 0 tests/browser

.PHONY: screenshots
screenshots: install ## Take the pictures of the README again
	SCREENSHOTS=$(CURDIR)/docs/images $(PYTEST) --numprocesses 0 tests/browser/test_pictures.py

.PHONY: test-fresh-copy
test-fresh-copy: install ## Run the workflows' long jobs in a copy that nobody has configured
	ALL_JOBS=1 $(PYTEST) tests/template/test_fresh_copy.py

.PHONY: test-docs
test-docs: install ## Execute the documentation, and try the recipes and the benchmarks
	$(PYTEST) tests/docs tests/bench tests/test_*.py

.PHONY: rehearse
rehearse: install ## Take this commit through the real workflows to production, on this machine
	@python -m rehearsal

# The AWS CLI of these is the person's own, not the old one that the tests install.
setup teardown doctor: export PATH := $(PERSONS_PATH)

.PHONY: setup
setup: ## Connect this repository to an AWS account (YES=1: do not ask)
	@$(CHECK_PYTHON)
	@$(PYTHON) -m setup setup

.PHONY: teardown
teardown: ## Undo the setup, and keep the data (DELETE_DATA=1: delete it)
	@$(CHECK_PYTHON)
	@$(PYTHON) -m setup teardown

.PHONY: doctor
doctor: ## Find what is missing, and the command that mends it
	@$(CHECK_PYTHON)
	@$(PYTHON) -m setup doctor

.PHONY: adopt
adopt: ## Take the pipeline into your own Django project (INTO=../my-project)
	@$(CHECK_PYTHON)
	@$(PYTHON) -m template adopt "$(INTO)"

.PHONY: rename
rename: install ## Give the sample other names (NAME=shop APP=orders)
	@python -m template rename "$(NAME)" "$(APP)"
	@ruff check --quiet --select I --fix . && ruff format --quiet .

.PHONY: lint
lint: install ## Check the style and the safety of everything
	ruff check .
	ruff format --check .
	yamllint --strict .
	zizmor --offline --persona=pedantic --no-progress --quiet .
	actionlint
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	hadolint Dockerfile
	for file in build.yml release.yml; do \
	  yq -r '.phases[].commands[]' $$file | shellcheck --shell bash -; done
	yq -r '.runs.steps[].run' .github/actions/run-buildspec/action.yml | shellcheck --shell bash -
	shellcheck .ci/run
	python manage.py makemigrations --check --dry-run
	DATABASE_URL=postgres://db/app SECRET_KEY=$$(python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	  ALLOWED_HOSTS=example.com python manage.py check --deploy --fail-level WARNING

# Programs of their own, because they want other versions of what the rest wants.
.PHONY: audit
audit: install ## Write what the image contains to sbom.json (CycloneDX), and look for known holes in it (network)
	uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --output-reproducible --output-file sbom.json requirements.txt
	uvx --quiet pip-audit==2.10.1 --strict --disable-pip --require-hashes --requirement requirements.txt

.PHONY: format
format: install ## Format the Python code
	ruff check --fix .
	ruff format .
