# Everything a newcomer needs: `make serve` and `make test`. Needs Python 3.11 and make only.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DATA ?= data

.PHONY: serve demo-data test test-all install check bench docs clean

serve: $(VENV)/.base
	$(BIN)/yigong serve --data-dir $(DATA)

# Three hospitals with synthetic patients and what to try with them: docs/exchange.md.
demo-data: $(VENV)/.base
	$(BIN)/python -m demo --data-dir $(DATA)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist worksteal -q -m "not slow"

# Kills, drills, fuzzing and what takes ten seconds and more too (marker `slow`): for whoever changes what they guard.
test-all: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist worksteal -q

install: $(VENV)/.test

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python deploy/dependencies.py

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test
	$(BIN)/python -m docs.render

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# Stamps: pip runs again only when the project file changed, so that a second `make serve` is quick.
$(VENV)/.base: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.base
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]'
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[states]' || \
		echo 'durable_rules needs a C compiler: derived states stay off, their tests are skipped'
	touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) $(DATA) .pytest_cache .mypy_cache .ruff_cache
