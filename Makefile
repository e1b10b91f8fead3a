# Stripe credit into NetSuite. `make run` sets up what is missing and does the whole job; `make help` lists the rest.
# Variables given here reach the pipeline: make run TARGET=production, make push PLAN=plan.json.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -B pipeline.py
READY := $(VENV)/.installed

export PYTHONUNBUFFERED := 1
export RUNTIME__DLTHUB_TELEMETRY := false

.PHONY: help setup run plan extract transform push reconcile report compact doctor test soak docs bench advance clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  TARGET=sandbox (default) needs no account; TARGET=production reads the variables of README.md"

setup: $(READY) ## install the locked dependencies, if they are not

# uv when it works, else pip; both check every hash of the lock, which is complete (hence --no-deps: old pips trip over extras). Compiled now, so
# that no later start pays for it.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ..."; exit 2; }
	@if uv --version >/dev/null 2>&1; then \
		echo "Setting up $(VENV) with uv"; \
		{ test -x $(VENV)/bin/python || uv venv --quiet --python $(PYTHON) $(VENV); } && \
		uv pip install --quiet --python $(VENV)/bin/python --require-hashes --compile-bytecode -r requirements.lock; \
	else \
		echo "Setting up $(VENV) with pip (a minute or two)"; \
		{ test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV); } && \
		$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock; \
	fi
	@touch $@

run: $(READY) ## extract, transform, push, report
	@$(RUN) run

plan: $(READY) ## the same, but nothing is written to NetSuite: shows what would be posted
	@$(RUN) plan

extract: $(READY) ## read Stripe and NetSuite (FULL_LEDGER=1: every customer's ledger)
	@$(RUN) extract

transform: $(READY) ## derive documents, memos, lines and outcomes (FULL_REFRESH=1: all anew)
	@$(RUN) transform

push: $(READY) ## post what is ready (PLAN=plan.json: only what that plan shows)
	@$(RUN) push

reconcile: $(READY) ## compare what was posted with what NetSuite shows today
	@$(RUN) reconcile

report: $(READY) ## print the summary again
	@$(RUN) report

compact: $(READY) ## remove superseded versions of Stripe's objects; the current ones stay
	@$(RUN) compact

doctor: $(READY) ## check settings, permissions and mappings; write nothing
	@$(RUN) doctor

test: $(READY) ## run every test
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

soak: $(READY) ## 50,000 histories of the loader with faults, random worlds, every planted bug (more than an hour)
	@SIMULATION_HISTORIES=50000 PROPERTY_HISTORIES=20000 SOAK=1 LATER_SEEDS=5 $(VENV)/bin/python -m pytest tests/simulation tests/property tests/acceptance tests/dbt/later_builds.py tests/dbt/test_staleness.py
	@$(VENV)/bin/python -m tests.property.mutations

docs: $(READY) ## the models as one page: dbt_project/target/static_index.html
	@cd dbt_project && WAREHOUSE_PATH=$${WAREHOUSE_PATH:-../data/sandbox.duckdb} \
		../$(VENV)/bin/dbt docs generate --static --profiles-dir . --log-path ../logs --quiet
	@echo "open dbt_project/target/static_index.html"

bench: $(READY) ## measure, with ratio tables
	@set -e; for bench in extract push models; do $(VENV)/bin/python -m tests.bench.bench_$$bench; done

advance: $(READY) ## move the sandbox's world on a month
	@$(VENV)/bin/python -m sandbox advance

clean: ## remove what make made: environment, logs, caches (never a warehouse file)
	@rm -rf $(VENV) logs bench-results plan.json dbt_project/target dbt_project/logs .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
