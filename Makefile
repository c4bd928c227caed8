# make demo | test | test-baseline | lab | labextension | docs | bench | clean       every target makes .venv first, from this folder and a Python >= 3.11

PYTHON ?= python3
BIN := .venv/bin

# The side panel, which is built with Node, and what it is built from.
PANEL := kuscia_nb/labextension/package.json
MODULES := labextension/node_modules/.package-lock.json
SOURCES := $(shell find labextension/src labextension/style labextension/schema labextension/scripts -type f) \
  $(wildcard labextension/*.json notebooks/student/*.ipynb notebooks/student/zh/*.ipynb)

.PHONY: demo test test-baseline lint lab labextension docs bench clean

demo: .venv/demo
	$(BIN)/python -m kuscia_nb

test: .venv/dev lint labextension
	cd labextension && npm test
	$(BIN)/python -m pytest

# What is stored and compared, on the oldest processor that this one can play.
test-baseline: .venv/dev
	env $$($(BIN)/python tests/baseline_cpu.py) $(BIN)/python -m pytest \
	  --ignore=tests/browser --ignore=tests/test_binder.py --ignore=tests/test_panel_package.py

lint: .venv/dev $(MODULES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	cd labextension && npm run lint

lab: .venv/lab $(if $(shell command -v npm),labextension)
	$(BIN)/jupyter lab notebooks

labextension: $(PANEL)
	@mkdir -p .venv/share/jupyter/labextensions
	@ln -sfn ../../../../kuscia_nb/labextension .venv/share/jupyter/labextensions/kuscia-nb

docs: .venv/dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going --nitpicky -c docs -d build/doctrees . build/docs

bench: .venv/dev
	$(BIN)/python benchmarks/ss_lr.py

clean:
	rm -rf .venv .venv-spu build

$(PANEL): $(SOURCES) $(MODULES) | .venv/panel
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" npm run build:prod

$(MODULES): labextension/package-lock.json
	cd labextension && npm ci
	@touch $@

# Stamps: what is installed into .venv, installed anew when pyproject.toml changes.
.venv/demo .venv/dev .venv/lab .venv/panel: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet $(INSTALL)
	@touch $@

.venv/demo: INSTALL = --editable .
.venv/dev: INSTALL = --editable . --group dev
.venv/lab: INSTALL = --editable ".[lab]"
.venv/panel: INSTALL = --group panel

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "kuscia_nb needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
