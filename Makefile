# The commands to remember: make up, make test, make lint, make bench.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Tests that need no browser: NO_BROWSER=1 make test
NO_BROWSER ?=
PYTEST_ARGS ?=
# The tests start dozens of processes: each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up test messages gettext test-local-llm screenshots lint format bench image-test browser page-test connector-test format-test journey-test endurance-test more-test evaldata-test

up: .venv/runtime.stamp ## start everything on this machine; says Ready with the address
	@exec $(BIN)/python manage.py up

test: .venv/tools.stamp browser gettext ## run the tests; gets a browser when none is there
	@PATH="$(CURDIR)/$(BIN):$$PATH" NO_BROWSER="$(NO_BROWSER)" $(BIN)/python -m pytest -n auto --maxprocesses 4 $(PYTEST_ARGS)

page-test: .venv/tools.stamp browser gettext ## look at every page with axe in both themes, and at every width
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m pages -n auto --maxprocesses 4 $(PYTEST_ARGS)

connector-test: .venv/tools.stamp ## run the tests of what a connector says to its system: Git, websites, S3, PostgreSQL, Notion
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m connectors -n auto --maxprocesses 4 $(PYTEST_ARGS)

format-test: .venv/tools.stamp ## run the tests of what is read out of each file format, one by one
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m formats -n auto --maxprocesses 4 $(PYTEST_ARGS)

journey-test: .venv/tools.stamp browser ## go through the pages beside the main job in a browser
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m journeys -n auto --maxprocesses 4 $(PYTEST_ARGS)

endurance-test: .venv/tools.stamp ## run the tests that kill processes again and again, wait long or attack with large files
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m endurance -n auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

more-test: .venv/tools.stamp browser gettext ## run the five suites above in one go
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m "pages or connectors or formats or journeys or endurance" -n auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

evaldata-test: .venv/tools.stamp ## run the tests on the shared evaluation data (EVALDATA)
	@scripts/evaldata_test.sh

lint: .venv/tools.stamp ## style, types, import order, templates, migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint --lint --quiet templates
	@PYTHONWARNINGS=ignore::RuntimeWarning DATA_DIR=$(CURDIR)/.venv/lint-data $(BIN)/python manage.py makemigrations --check --dry-run

messages: .venv/tools.stamp gettext ## bring the catalogues of all languages in line with the source, and compile them
	@DATA_DIR=$(CURDIR)/.venv/lint-data $(BIN)/python manage.py messages

format: .venv/tools.stamp ## put the code into the one form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

screenshots: .venv/tools.stamp browser ## make the pictures in docs/screenshots anew
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m pictures -n 0 tests/browser/test_pictures.py

bench: .venv-bench/runtime.stamp ## measure: every script in bench/, beside what it is compared with
	@for script in bench/*.py; do echo "== $$script"; .venv-bench/bin/python "$$script" || exit 1; done

test-local-llm: .venv-local-llm/runtime.stamp ## run the tests of local models, in a venv of their own with torch
	@PATH="$(CURDIR)/.venv-local-llm/bin:$$PATH" .venv-local-llm/bin/python -m pytest --rootdir . -c tests/local_llm/pytest.ini tests/local_llm $(PYTEST_ARGS)

image-test: ## build the image and run the main job in it; needs root, podman, buildah, runc, debootstrap
	@docker/image_test.sh

browser: .venv/tools.stamp
	@if [ -z "$(NO_BROWSER)" ]; then scripts/find_browser.sh $(BIN); else echo "NO_BROWSER is set: tests in a browser are left out."; fi

gettext:
	@scripts/find_gettext.sh

# The stamps hold what was installed, so that a changed file, and nothing else, installs again.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footnote needs Python 3.11 or newer. Set PYTHON=python3.11 or the like.")'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "python3 -m venv failed. On Debian: apt-get install python3-venv" >&2; exit 1; }

.venv/runtime.stamp: requirements.txt | .venv/bin/python
	@cmp -s requirements.txt $@ || { echo "Installing the packages in requirements.txt into .venv"; $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt; }
	@cp requirements.txt $@

.venv-local-llm/runtime.stamp: requirements.txt requirements-dev.txt requirements-local-llm.txt
	@$(PYTHON) -m venv .venv-local-llm
	@.venv-local-llm/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt -r requirements-local-llm.txt
	@cat $^ > $@

.venv-bench/runtime.stamp: requirements.txt requirements-bench.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-bench.txt
	@cat $^ > $@

.venv/tools.stamp: requirements-dev.txt .venv/runtime.stamp
	@cmp -s requirements-dev.txt $@ || { echo "Installing the packages in requirements-dev.txt into .venv"; $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt; }
	@cp requirements-dev.txt $@
