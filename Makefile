# make demo    both example sites and the SMS sandbox: no account, no token, no server needed
# make test    the whole suite, with its coverage
# make check   lint, types and test
# make bench   what things cost beside others' and what becomes of faults and attacks, in a quarter of an hour
# make load    both example sites under many people and a slow gateway, in six minutes
# make schemathesis SECONDS=600   whatever openapi.json leads to, asked of both frameworks for that long
# make docs    the documentation as a site, in site/
# make .venv   the environment that all of these use
#
# PYTHON is the interpreter that makes .venv: make demo PYTHON=python3.12
# The demo's ports: make demo SANDBOX_PORT=8026 DJANGO_PORT=8001 FLASK_PORT=5001

PYTHON ?= python3
# The suite waits for servers and timers half of the time: more processes than processors are soonest done.
WORKERS ?= 3
SECONDS ?= 60
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint types check bench load schemathesis docs clean .venv

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

demo: .venv/demo.installed
	@exec $(BIN)/python example_project/demo.py

# From 3.12 on the interpreter itself tells which lines were run, which costs next to nothing.
test: .venv/dev.installed
	@COVERAGE_CORE=$$($(BIN)/python -c "import sys; print('sysmon' if hasattr(sys, 'monitoring') else 'ctrace')") \
	  $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder --cov --cov-report=term

lint: .venv/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/dev.installed
	$(BIN)/mypy

check: lint types test

bench: .venv/dev.installed .venv/bench.installed
	@$(BIN)/python benchmarks/imports.py
	@$(BIN)/python benchmarks/faults.py
	@$(BIN)/python benchmarks/blocked_name.py
	@$(BIN)/python benchmarks/pumping.py
	@$(BIN)/python benchmarks/lockout.py
	@$(BIN)/python benchmarks/failures.py
	@.venv/bench/bin/python -m benchmarks.crowd --rounds 3 --calls 20
	@.venv/bench/bin/python -m benchmarks.figures

load: .venv/bench.installed
	@.venv/bench/bin/python benchmarks/load/run.py

schemathesis: .venv/dev.installed
	@PYTHONPATH=core:. $(BIN)/python -m tests.schemathesis --seconds $(SECONDS)

docs: .venv/dev.installed
	@$(BIN)/python -m tests.docs.settings_tables docs/reference/settings.md
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "Open site/index.html, or see it with every change: $(BIN)/mkdocs serve"

.venv: .venv/dev.installed

clean:
	rm -rf .venv .demo build dist site htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Editable, so that what runs is this checkout. A .venv of an interpreter that is gone, or half made, is made anew.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed; $(PYTHON) is not. Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv ..."
	@$(PIP) install --no-compile --editable '.[$(1)]'
	@touch $@
endef

.venv/demo.installed: pyproject.toml
	$(call install,demo)

# axe-core looks at the pages with eyes that people have not got; where there is no npm its tests are skipped.
.venv/dev.installed: pyproject.toml
	$(call install,dev)
	@! command -v npm >/dev/null || npm install --prefix .venv/npm --no-save --no-audit --no-fund --silent axe-core@4 || true

# The peers and their hosts, in an environment of their own: the one above stays as the tests want it.
.venv/bench.installed: .venv/dev.installed pyproject.toml benchmarks/requirements.txt
	@echo "Installing into .venv/bench ..."
	@$(BIN)/python -m venv --clear .venv/bench
	@.venv/bench/bin/python -m pip --disable-pip-version-check --quiet install --no-compile \
	  --editable '.[demo,redis,test]' --requirement benchmarks/requirements.txt
	@touch $@
