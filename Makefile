# The commands of the project; `make help` lists them.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
SOURCES := sekoia_cti sandbox benchmarks tests main.py

.DEFAULT_GOAL := help
.PHONY: help demo test check sandbox bench lock manifests docs clean

help: ## Show the commands
	@grep -hE '^[a-z.]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.]+):.*## /  make \1	/' | expand -t 18

# The environment is complete when its stamp is there: an interrupted installation starts again.
.venv/stamp: requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv is needed: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) …"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch .venv/stamp

.venv: .venv/stamp

demo: .venv/stamp ## Run the example playbook against a sandbox of its own
	@$(BIN)/python -m sandbox demo

test: .venv/stamp ## Run all tests
	@$(BIN)/coverage erase
	@$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --cov --cov-report=term-missing:skip-covered

check: .venv/stamp ## What CI runs: format, lint, types, architecture, manifests in step, tests
	$(BIN)/black --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory test

sandbox: .venv/stamp ## Serve a local Sekoia until interrupted
	@$(BIN)/python -m sandbox serve

bench: .venv/stamp ## Measure time, CPU and memory against a straight-line client
	@$(BIN)/python -m benchmarks

lock: .venv/stamp ## Renew the pinned, hashed requirement files
	@$(BIN)/uv lock --quiet --upgrade
	@$(BIN)/uv export --quiet --frozen --no-header --no-annotate --no-emit-project --no-dev -o requirements.txt
	@$(BIN)/uv export --quiet --frozen --no-header --no-annotate --no-emit-project -o requirements-dev.txt
	@! grep -nE '://|file:' requirements.txt requirements-dev.txt

manifests: .venv/stamp ## Renew the manifests from the code
	@$(BIN)/python -m tests.manifests

docs: .venv/stamp ## Renew what the documentation takes from the tests
	@$(BIN)/python -m tests.reliability_table

clean: ## Remove what the other commands made
	@rm -rf .venv .coverage* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache uv.lock
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
