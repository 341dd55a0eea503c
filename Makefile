# Everything a newcomer needs: `make serve` and `make test`. Needs Python 3.11 and make only.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DATA ?= data
# What a served installation has beside the base: DuckDB (indicators, wall, analysis), reportlab (PDF); so has a bundle.
SERVED := screen,pdf
# Whether what has a C part could be built.
STATES = $(BIN)/python -c 'import durable.engine' 2>/dev/null

# Two things beside each other, where neither waits for the other nor writes what it reads: never two pips.
BESIDE = $(MAKE) --no-print-directory -j 2 BESIDE=
ifeq ($(origin BESIDE),file)
.NOTPARALLEL:
endif

.PHONY: serve demo-data pages bundle browser ready test test-all test-embedder install check style types contracts web \
	dependencies bench docs clean

# Pages are built beside the release; whoever opens one earlier is told, and it opens by itself.
serve: $(VENV)/.base
	@$(MAKE) --no-print-directory $(VENV)/.pages || true
	@{ $(BIN)/python -m curation_ui.build || echo 'the API is served without pages'; } & \
		exec $(BIN)/yigong serve --data-dir $(DATA)

# The web pages, built when their sources changed: docs/pages.md.
pages: $(VENV)/.pages
	@$(BIN)/python -m curation_ui.build

# An archive that a hospital without a network installs from, with pip alone: docs/pages.md.
bundle: $(VENV)/.base pages
	$(BIN)/python -m deploy.bundle dist

# Three hospitals with synthetic patients and what to try with them: docs/exchange.md.
demo-data: $(VENV)/.base
	$(BIN)/python -m demo --data-dir $(DATA)

test: ready
	$(BIN)/python -m pytest -n auto --dist worksteal -q -m "not slow"

# Kills, drills, fuzzing and what takes ten seconds and more too (marker `slow`): for whoever changes what they guard.
test-all: ready
	$(BIN)/python -m pytest -n auto --dist worksteal -q

# Search with a sentence-transformers model from a folder: torch comes along, some gigabytes that nothing else needs.
test-embedder: $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[embeddings-test]'
	$(BIN)/python -m pytest -q tests/unit/nlp/test_embed.py

# Tests in a browser need the pages and Chromium; without one of them only these are skipped.
browser: $(VENV)/.base
	@$(MAKE) --no-print-directory pages || echo 'pages not built: tests in a browser are skipped'
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || \
		command -v chromium-browser >/dev/null || \
		echo 'no Chromium (Debian: apt-get install chromium-headless-shell): tests in a browser are skipped'

ready: $(VENV)/.base
	@$(MAKE) --no-print-directory $(VENV)/.pages || true
	+@$(BESIDE) $(VENV)/.test browser

install: $(VENV)/.test

check: $(VENV)/.test $(VENV)/.pages
	+@$(BESIDE) types style contracts web dependencies

style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

contracts:
	$(BIN)/lint-imports --no-cache

web: $(VENV)/.pages
	@$(BIN)/python -m curation_ui.build --check

dependencies:
	$(BIN)/python deploy/dependencies.py

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test
	$(BIN)/python -m docs.render

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# One call of pip: each takes its ten seconds. What fetches Node comes along where there is none that builds the pages.
# Stamps: pip runs again only when the project file or this one changed, so that a second `make serve` is quick.
$(VENV)/.base: pyproject.toml Makefile | $(VENV)/bin/python
	@echo 'installing what the service needs'
	@node=; $(BIN)/python -m curation_ui.build --node 2>/dev/null || node=,pages; \
	for extras in "[$(SERVED),states$$node]" "[$(SERVED)$$node]" '[$(SERVED)]' ''; do \
		$(BIN)/python -m pip install -q --disable-pip-version-check -e ".$$extras" && break; \
	done && { [ "$$extras" ] || echo 'DuckDB or reportlab cannot be installed here: no indicators, no PDF'; }
	@$(STATES) || echo 'durable_rules needs a C compiler: derived states (AKI, triple whammy …) stay off'
	touch $@

$(VENV)/.pages: pyproject.toml $(VENV)/.base
	@$(BIN)/python -m curation_ui.build --node 2>/dev/null || \
		$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[pages]'
	touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.base
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile -e '.[test]'
	@$(STATES) || echo 'no durable_rules: tests of derived states are skipped'
	touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) $(DATA) .pytest_cache .mypy_cache .ruff_cache
