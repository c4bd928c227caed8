# make demo | test | lab | docs | bench | clean       every target makes .venv first, from this folder and a Python >= 3.11

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint lab docs bench clean

demo: .venv/demo
	$(BIN)/python -m kuscia_nb

test: .venv/dev lint
	$(BIN)/python -m pytest

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

lab: .venv/lab
	$(BIN)/jupyter lab notebooks

docs: .venv/dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going --nitpicky -c docs -d build/doctrees . build/docs

bench: .venv/dev
	$(BIN)/python benchmarks/ss_lr.py

clean:
	rm -rf .venv .venv-spu build

# Stamps: what is installed into .venv, installed anew when pyproject.toml changes.
.venv/demo .venv/dev .venv/lab: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet $(INSTALL)
	@touch $@

.venv/demo: INSTALL = --editable .
.venv/dev: INSTALL = --editable . --group dev
.venv/lab: INSTALL = --editable ".[lab]"

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "kuscia_nb needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
