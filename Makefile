# The commands of the project; `make help` lists them.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
SOURCES := sekoia_cti sandbox benchmarks tests scripts $(wildcard examples) main.py
# Runs a command in .venv, which is created first if it is missing or the lock has changed (scripts/run.py).
RUN = @test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is required: install it, or run make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	$(PYTHON) -m scripts.run dev --
RUN_ALL = $(subst run dev,run browser,$(RUN))
# Tests spend half of their time waiting: four processes suit two cores.
ALL_TESTS := --numprocesses=4 --dist=worksteal
# The quick tests of the repository as a whole: whether code, manifests, documentation and dependencies are in step.
IN_STEP := $(patsubst %,tests/test_%.py,manifests documentation dependencies library_rules names)
or_say = || { echo "$(1)" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo test check format package sandbox bench lock bump manifests docs pictures clean

help: ## Show the commands
	@grep -hE '^[a-z.]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.]+):.*## /  make \1	/' | expand -t 18

demo: ## Run two example playbooks against their own sandbox
	$(RUN) python -m sandbox demo

test: ## Run all tests, or those chosen by ARGS="-k name"
	$(RUN_ALL) python -m pytest $(or $(ARGS),$(ALL_TESTS))

check: ## What CI runs: format, lint, types, architecture, manifests, then all tests with their coverage
	$(RUN_ALL) black --check $(SOURCES) $(call or_say,These files are not formatted: run make format.)
	$(RUN_ALL) ruff check $(SOURCES) $(call or_say,Correct these lines; make format corrects those marked with [*].)
	$(RUN_ALL) mypy $(SOURCES) $(call or_say,Correct these types.)
	$(RUN_ALL) lint-imports --no-logo $(call or_say,A module imports what it must not know, or an action is not in the list of pyproject.toml: see docs/architecture.md.)
	$(RUN_ALL) python -m pytest --quiet $(IN_STEP) $(call or_say,Code and files beside it are not in step: each line with E says what is missing and what to run.)
	$(RUN_ALL) python -m pytest $(ALL_TESTS) $(IN_STEP:%=--ignore=%) --cov --cov-report=term-missing:skip-covered

format: ## Format the code, and correct what ruff can
	$(RUN_ALL) ruff check --fix-only --quiet $(SOURCES)
	$(RUN_ALL) black --quiet $(SOURCES)

package: ## Install from poetry.lock as the platform does, and run main.py there
	$(RUN) python -m scripts.package

sandbox: ## Serve a local Sekoia until interrupted
	$(RUN) python -m sandbox serve

bench: ## Measure time, CPU and memory against a straight-line client
	$(RUN) python -m benchmarks

lock: ## Renew poetry.lock and the requirement files; ARGS=--no-update only adds new requirements of pyproject.toml
	$(RUN) python -m scripts.lock $(ARGS)

bump: ## Raise the version everywhere: make bump VERSION=1.2.3
	$(RUN) python -m scripts.bump $(VERSION)

manifests: ## Renew the manifests from the code
	$(RUN) python -m tests.manifests

pictures: ## Renew the screenshots in docs/pictures, with the system's Chromium
	$(RUN_ALL) python -m tests.pictures

docs: ## Renew the parts of the documentation that come from the tests
	$(RUN) python -m tests.reliability_table

clean: ## Remove what the other commands created
	@rm -rf .venv .venvs .coverage* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
