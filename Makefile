SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
DATABASE_PORT ?= 5432
export DATABASE_PORT
VENV ?= $(CURDIR)/.venv
# The AWS CLI and the GitHub CLI of these are your own, not those of a virtual environment.
setup teardown doctor config run-command shell logs status restore: export PATH := $(PATH)
export PATH := $(VENV)/bin:$(PATH)
CHECK_PYTHON := $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("This is Python " + sys.version.split()[0] + ", 3.11 or later is needed. Choose another: make PYTHON=python3.13")'

.PHONY: help
help: ## Print the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.stamp: requirements.txt
	@echo "Installing what the application needs into $(VENV) ..."
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@echo "Installing the test and lint tools into $(VENV) ..."
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: install
install: $(VENV)/dev.stamp ## Install everything into .venv

.PHONY: requirements
requirements: install ## Compile the requirements files from pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --no-header -c requirements.txt --group dev -o requirements-dev.txt

.PHONY: run
run: $(VENV)/run.stamp ## Serve the application on SQLite at http://127.0.0.1:8000, with a worker (PORT=8001: another port)
	@python -c 'import socket, sys; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", $(PORT)))' 2>/dev/null || \
	  { echo "Port $(PORT) is taken. Choose another: make run PORT=8001"; exit 1; }
	@python manage.py migrate --verbosity 0
	@echo "Try these (Ctrl-C ends the server):"
	@printf '  http://127.0.0.1:$(PORT)/%s\n' ping itemslist docs/ admin/
	@trap 'kill $$(jobs -p) 2>/dev/null; wait' EXIT; trap 'exit 0' HUP INT TERM; \
	  python manage.py db_worker --reload & worker=$$!; \
	  python manage.py runserver 127.0.0.1:$(PORT) & server=$$!; \
	  while kill -0 $$worker && kill -0 $$server; do sleep 1; done 2>/dev/null; \
	  echo "The server or the worker has ended by itself, and so both end."; exit 1

.PHONY: test
test: install ## Test the application on SQLite, or on what DATABASE_URL names
	python -m pytest --numprocesses auto

.PHONY: test-postgresql
test-postgresql: install ## The same on the PostgreSQL of compose.yaml (Docker; DATABASE_PORT=5433: another port)
	docker compose up --detach --wait database
	DATABASE_URL=postgres://app:app@127.0.0.1:$(DATABASE_PORT)/app python -m pytest --numprocesses auto

.PHONY: lint
lint: install ## Check the style, the types and the settings of production
	ruff check .
	ruff format --check .
	mypy deploy src tests
	python manage.py makemigrations --check --dry-run --settings tests.settings
# What these say goes before a developer's .env.
	DATABASE_URL=postgres://db/app SECRET_KEY=$$(python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	  ALLOWED_HOSTS=example.com DEBUG=false HTTPS=true HSTS_SECONDS=3600 python manage.py check --deploy --fail-level WARNING

.PHONY: format
format: install ## Format the Python code
	ruff check --fix-only .
	ruff format .

.PHONY: setup
setup: ## Connect this repository to an AWS account (YES=1: do not ask)
	@$(CHECK_PYTHON)
	@$(PYTHON) -m deploy setup

.PHONY: teardown
teardown: ## Undo the setup, and keep the data (DELETE_DATA=1: delete it)
	@$(CHECK_PYTHON)
	@$(PYTHON) -m deploy teardown

.PHONY: doctor
doctor: ## Find what is missing, and the command that mends it
	@$(CHECK_PYTHON)
	@$(PYTHON) -m deploy doctor

# What operates a stage: make logs STAGE=production.
NAMED_STAGE = $(or $(STAGE),$(error Name the stage: make $@ STAGE=production))

.PHONY: config
config: ## List the variables of a STAGE (SET=NAME asks for a value, UNSET=NAME removes it, FILE=.env.production sets many)
	@$(PYTHON) -m deploy config $(NAMED_STAGE) $(SET) $(addprefix --unset ,$(UNSET)) $(addprefix --file ,$(FILE))

.PHONY: run-command
run-command: ## Run a command in a STAGE (COMMAND="python manage.py check")
	@$(PYTHON) -m deploy run $(NAMED_STAGE) -- $(COMMAND)

.PHONY: shell
shell: ## Open a shell in a STAGE, where shells are on
	@$(PYTHON) -m deploy shell $(NAMED_STAGE)

.PHONY: logs
logs: ## Print the log of a STAGE (FOLLOW=1, SINCE=1h, PROCESS=worker, REQUEST=ID)
	@$(PYTHON) -m deploy logs $(NAMED_STAGE) $(if $(FOLLOW),--follow) $(addprefix --since ,$(SINCE)) \
	  $(addprefix --process ,$(PROCESS)) $(addprefix --request ,$(REQUEST))

.PHONY: status
status: ## Show what runs in a STAGE, or in all, and how it is doing
	@$(PYTHON) -m deploy status $(STAGE)

.PHONY: restore
restore: ## List the snapshots of a STAGE's database, or go back to one (SNAPSHOT=NAME)
	@$(PYTHON) -m deploy restore $(NAMED_STAGE) $(SNAPSHOT)

.PHONY: update
update: ## Take what is newer in the template into this repository (FROM=its URL)
	@$(CHECK_PYTHON)
	@$(PYTHON) -m deploy update "$(FROM)"

-include template/Makefile
