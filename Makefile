# Stripe credit into NetSuite. `make run` sets up what is missing and does the whole job; `make help` lists the rest.
# Variables given here reach the pipeline: make run TARGET=production, make push PLAN=plan.json.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -B -m pipeline
READY := $(VENV)/.installed
LINT_VENV := .venv-dev
LINT_READY := $(LINT_VENV)/.installed
ENGINES_VENV := .venv-engines
ENGINES_READY := $(ENGINES_VENV)/.installed
ENGINE_TESTS := copying macros danger loader run equality size
SPARK_VENV := .venv-spark
SPARK_READY := $(SPARK_VENV)/.installed
SPARK_TESTS := copying macros equality size

# With WAREHOUSE_URL, here or in .env, the commands run where psycopg and dbt-postgres are.
ifneq ($(WAREHOUSE_URL)$(if $(wildcard .env),$(shell grep -c '^ *\(export  *\)\{0,1\}WAREHOUSE_URL *= *[^ ]' .env | grep -v '^0')),)
RUN := $(ENGINES_VENV)/bin/python -B -m pipeline
run plan extract transform push reconcile report trace export mappings compact doctor: $(ENGINES_READY)
endif

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml

export PYTHONUNBUFFERED := 1
export RUNTIME__DLTHUB_TELEMETRY := false

.PHONY: help setup run plan extract transform push reconcile report trace export mappings compact doctor test engines lint format lock soak docs bench advance clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { n = split($$2, words, " "); line = sprintf("  make %-10s", $$1); \
		for (i = 1; i <= n; i++) { \
			if (length(line) + length(words[i]) > 78) { print line; line = sprintf("%17s", "") } \
			line = line " " words[i] } \
		print line }' $(MAKEFILE_LIST)
	@echo "  TARGET=sandbox (default) needs no account; TARGET=production reads the"
	@echo "  variables of README.md"

setup: $(READY) ## install the locked dependencies, if they are not

# $(call install,environment,python,lock): with uv where it works, else with pip; both check every hash. Both locks are complete, hence --no-deps:
# old releases of pip trip over extras. uv compiles the packages now, so that no later start pays for it.
define install
	if uv --version >/dev/null 2>&1; then \
		echo "Setting up $(1) with uv"; \
		{ test -x $(1)/bin/python || uv venv --quiet --python $(2) $(1); } && \
		uv pip install --quiet --python $(1)/bin/python --no-deps --require-hashes --compile-bytecode -r $(3); \
	else \
		echo "Setting up $(1) with pip (a minute or two)"; \
		{ test -x $(1)/bin/python || $(2) -m venv $(1); } && \
		$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(3); \
	fi
endef

# $(call show_venv,environment): what is in .venv can be imported there, too.
define show_venv
	$(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
endef

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ..."; exit 2; }
	@$(call install,$(VENV),$(PYTHON),requirements.lock)
	@touch $@

# The linters have an environment of their own, because sqlfluff needs an older click. It holds only what .venv lacks; the .pth file shows it the
# rest, so that mypy and sqlfluff's dbt templater see the releases that the project runs on.
$(LINT_READY): requirements-dev.lock $(READY)
	@rm -rf $(LINT_VENV)
	@$(call install,$(LINT_VENV),$(VENV)/bin/python,requirements-dev.lock)
	@$(call show_venv,$(LINT_VENV))
	@touch $@

# What the models need on other engines, beside what .venv has.
$(ENGINES_READY): requirements-postgres.lock $(READY)
	@rm -rf $(ENGINES_VENV)
	@$(call install,$(ENGINES_VENV),$(VENV)/bin/python,requirements-postgres.lock)
	@$(call show_venv,$(ENGINES_VENV))
	@touch $@

# An environment of its own: pyspark is 400 MB, which nobody needs for Postgres.
$(SPARK_READY): requirements-spark.lock $(READY)
	@rm -rf $(SPARK_VENV)
	@$(call install,$(SPARK_VENV),$(VENV)/bin/python,requirements-spark.lock)
	@$(call show_venv,$(SPARK_VENV))
	@touch $@

run: $(READY) ## extract, transform, push, report (FULL_LEDGER=1, FULL_REFRESH=1, PLAN=plan.json, MONTH=2026-03)
	@$(RUN) run

plan: $(READY) ## run, but write nothing to NetSuite: show what would be posted (FULL_LEDGER=1, FULL_REFRESH=1, PLAN=other.json, MONTH=2026-03, JSON=1)
	@$(RUN) plan

extract: $(READY) ## read Stripe and NetSuite (FULL_LEDGER=1: every customer's ledger)
	@$(RUN) extract

transform: $(READY) ## derive documents, memos, lines and outcomes (FULL_REFRESH=1: all anew)
	@$(RUN) transform

push: $(READY) ## post what is ready (PLAN=plan.json: only what that plan shows)
	@$(RUN) push

reconcile: $(READY) ## compare what was posted with what NetSuite shows today (JSON=1: as JSON)
	@$(RUN) reconcile

report: $(READY) ## print the summary again; write the page and the month-end workbook (MONTH=2026-03; JSON=1: figures as JSON)
	@$(RUN) report

trace: $(READY) ## one document from Stripe to NetSuite: ID=cn_... (JSON=1: as JSON)
	@$(RUN) trace

export: $(READY) ## every mart as a Parquet file (DIR=folder; default data/export/<target>)
	@$(RUN) export $(if $(DIR),--dir '$(DIR)')

mappings: $(READY) ## propose the rows that mapping files lack (WRITE=1, APPLY=file.xlsx: add them)
	@$(RUN) mappings

compact: $(READY) ## remove superseded versions of Stripe's objects; the current ones stay
	@$(RUN) compact

doctor: $(READY) ## check settings, permissions and mappings; write nothing (JSON=1: as JSON)
	@$(RUN) doctor

test: $(READY) ## run every test
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

engines: $(if $(ENGINE_TESTS),$(ENGINES_READY)) $(if $(SPARK_TESTS),$(SPARK_READY)) ## models, journal and whole runs on DuckDB, Postgres and Spark, every row compared (needs the server programs of Postgres and Java 17; an hour)
	@$(if $(ENGINE_TESTS),$(ENGINES_VENV)/bin/python -m pytest -s $(ENGINE_TESTS:%=tests/engines/%.py))
	@$(if $(SPARK_TESTS),TZ=UTC $(SPARK_VENV)/bin/python -m pytest -s $(SPARK_TESTS:%=tests/engines/spark_%.py))

lint: $(LINT_READY) ## check style, types, complexity and SQL (change nothing)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(LINT_VENV)/bin/mypy
	@find dbt_project -name '*.sql' -not -path '*/target/*' -exec awk \
		'length > 120 { print FILENAME ":" FNR ": " length " columns, 120 at most"; n = 1 } END { exit n }' {} +
	@PYTHONWARNINGS=ignore:resource_tracker WAREHOUSE_PATH=:memory: $(LINT_VENV)/bin/sqlfluff lint --processes 0 --disable-progress-bar \
		dbt_project/models dbt_project/tests

format: $(READY) ## format Python and fix what ruff can fix
	@$(VENV)/bin/ruff check --fix-only .
	@$(VENV)/bin/ruff format .

lock: ## pin what pyproject.toml asks for in all locks, with uv (UPGRADE=--upgrade: the newest releases)
	@uv pip compile $(COMPILE) --group dev $(UPGRADE) --output-file requirements.lock
	@set -e; pins=$$(mktemp); trap 'rm -f "$$pins"' EXIT; \
		sed -n 's/^\([a-z0-9-]*==[^\]*[^ \]\) *\\$$/\1/p' requirements.lock | grep -v '^click==' > "$$pins"; \
		uv pip compile $(COMPILE) --group lint $(UPGRADE) --constraint "$$pins" \
			$$(sed 's/==.*//; s/^/--no-emit-package /' "$$pins") --output-file requirements-dev.lock; \
		sed -n 's/^\([a-z0-9-]*==[^\]*[^ \]\) *\\$$/\1/p' requirements.lock > "$$pins"; \
		uv pip compile $(COMPILE) --extra postgres $(UPGRADE) --constraint "$$pins" \
			$$(sed 's/==.*//; s/^/--no-emit-package /' "$$pins") --output-file requirements-postgres.lock; \
		sed -n 's/^\([a-z0-9-]*==[^\]*[^ \]\) *\\$$/\1/p' requirements.lock > "$$pins"; \
		uv pip compile $(COMPILE) --extra spark $(UPGRADE) --constraint "$$pins" \
			$$(sed 's/==.*//; s/^/--no-emit-package /' "$$pins") --output-file requirements-spark.lock; \
		for lock in requirements-dev.lock requirements-postgres.lock requirements-spark.lock; do \
			grep -v '^#' "$$lock" > "$$pins"; cp "$$pins" "$$lock"; done

soak: $(READY) ## 50,000 histories of the loader with faults, 300 killed processes, random worlds, every planted bug (more than an hour)
	@SIMULATION_HISTORIES=50000 PROPERTY_HISTORIES=20000 REAL_KILLS=300 SOAK=1 LATER_SEEDS=5 $(VENV)/bin/python -m pytest tests/simulation tests/load_netsuite/test_push.py tests/extract/stripe/test_crashes.py tests/property tests/acceptance tests/acceptance/connector.py tests/dbt/later_builds.py tests/dbt/test_staleness.py
	@$(VENV)/bin/python -m tests.property.mutations

docs: $(READY) ## the models as one page: dbt_project/target/static_index.html
	@$(RUN) docs

bench: $(READY) ## measure, with ratio tables
	@set -e; for bench in extract push models readers; do $(VENV)/bin/python -m tests.bench.bench_$$bench; done

advance: $(READY) ## move the sandbox's world on a month
	@$(VENV)/bin/python -m sandbox advance

clean: ## remove what make made: environment, logs, caches (never a warehouse file)
	@rm -rf $(VENV) $(LINT_VENV) $(ENGINES_VENV) $(SPARK_VENV) logs bench-results plan.json dbt_project/target dbt_project/logs .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
