# Every chore of the house. `make demo` and `make test` install what they need into .venv by themselves.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest
# More than there are cores: many tests wait for something.
PARALLEL := -n 4 --dist worksteal

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List these chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.runtime ## Install, and run the demo brand's bot with its web chat on this machine
	$(BIN)/vocero demo

.PHONY: test
test: $(VENV)/.dev ## Install, and run the tests: unit, integration, acceptance, documents
	VOCERO_TEST_COUNTS=dev $(PYTEST) -q $(PARALLEL) -m "not slow and not soak"

.PHONY: check
check: $(VENV)/.dev ## Lint, format, types, layers, and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q tests/docs/test_house.py

.PHONY: test-slow
test-slow: $(VENV)/.dev ## The browser's tests, longer ones, and all that keeps something on PostgreSQL
	VOCERO_TEST_COUNTS=ci $(PYTEST) -q $(PARALLEL) -m "slow and not soak"
	VOCERO_TEST_COUNTS=dev $(PYTEST) -q $(PARALLEL) -m "not slow and not soak" --database postgresql $(STORED)

# Tests whose bot keeps something run on PostgreSQL too; those left out do so in `make test`, or measure.
STORED := tests/acceptance tests/integration/store tests/integration/web tests/integration/test_clock.py \
	$(addprefix --ignore tests/acceptance/, browser $(addprefix test_, $(addsuffix .py, \
	bench database_gone doctor endurance hostile_flood kill kill_discord plans))) \
	$(addprefix --ignore tests/integration/store/test_store_, copy.py migrate.py server.py values.py)

.PHONY: soak
soak: $(VENV)/.dev ## Every test with its full counts: before a release
	VOCERO_TEST_COUNTS=soak $(PYTEST) -q

.PHONY: bench
bench: $(VENV)/.dev ## Measure again what the README's figures say
	$(BIN)/python -m bench

.PHONY: endurance
endurance: $(VENV)/.dev ## An hour on one CPU and 1 GB at 20 messages a second
	$(BIN)/python -m bench.endurance

.PHONY: format
format: $(VENV)/.dev ## Lay the code out as `make check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# uv makes locks that hold for every platform; it is fetched for this chore alone.
.PHONY: lock
lock: $(VENV)/.dev ## Pin the newest allowed dependencies, with hashes
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --upgrade $(LOCKED) --group build --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade $(LOCKED) --group build --extra dev \
		--constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

LOCKED := --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: clean
clean: ## Remove what the chores made; data/ stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@scripts/venv $(VENV)

$(VENV)/.runtime: $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing what Vocero runs on (once)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing what the tests need (once)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
