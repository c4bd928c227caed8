# make demo | quick | test | test-baseline | test-spu | test-docker | test-colab | lab | labextension | docs | slides | bench | audit | faults | fuzz | report | dist | clean
# Every target makes .venv first, from this folder and a Python >= 3.11.

PYTHON ?= python3
BIN := .venv/bin

# The side panel, which is built with Node, and what it is built from.
PANEL := kuscia_nb/labextension/package.json
MODULES := labextension/node_modules/.package-lock.json
SOURCES := $(shell find labextension/src labextension/style labextension/schema labextension/scripts -type f) \
  $(wildcard labextension/*.json notebooks/student/*.ipynb notebooks/student/zh/*.ipynb)

.PHONY: demo quick quick-tests test test-baseline test-spu test-docker test-fate test-colab lint lint-python lab labextension docs slides bench audit faults fuzz report dist clean

demo: .venv/demo
	$(BIN)/python -m kuscia_nb

# Lint, types and the tests that need no browser, kernel or build (tests/quick.py), side by side on two cores.
quick: .venv/dev $(MODULES)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint quick-tests

quick-tests: .venv/dev
	$(BIN)/python -m pytest --quick --quiet

test: .venv/dev lint labextension
	cd labextension && npm test
	$(BIN)/python -m pytest

# What is stored and compared, on the oldest processor that this one can play; not what is about messages and sockets.
test-baseline: .venv/dev
	env $$($(BIN)/python tests/baseline_cpu.py) $(BIN)/python -m pytest \
	  --ignore=tests/browser --ignore=tests/spu --ignore=tests/test_binder.py --ignore=tests/test_panel_package.py \
	  --ignore-glob='tests/test_bfia*' --ignore-glob='tests/test_ttp_*' --ignore=tests/test_spu_transport.py \
	  --ignore-glob='tests/test_own_[flp]*' --ignore=tests/test_node.py --ignore=tests/test_identity.py \
	  --ignore=tests/test_openapi_client.py --ignore=tests/test_command_line.py --ignore=tests/test_fuzz.py \
	  --ignore=tests/test_schedules.py --ignore=tests/test_crash.py

# Against a real SPU, which needs Python 3.10 or 3.11 and 1 GB. `make test` runs these too, once it is there.
test-spu: .venv/dev .venv-spu/ready
	$(BIN)/python -m pytest tests/spu

# All notebooks run with the old IPython and ipywidgets of Colab, which a notebook there cannot replace.
test-colab: .venv-colab/ready
	.venv-colab/bin/jupyter execute --timeout=200 notebooks/[0-9]*.ipynb notebooks/zh/[0-9]*.ipynb

.venv-colab/ready: tests/colab.txt pyproject.toml
	$(PYTHON) -m venv .venv-colab
	.venv-colab/bin/python -m pip install --quiet --editable . --constraint tests/colab.txt --requirement tests/colab.txt \
	  nbclient
	@touch $@

# Against a Docker engine in a network of its own, which needs root and Debian's docker.io, docker-registry, iptables,
# iproute2 and busybox-static. Where DOCKER_HOST names an engine that may be used, no other one is started.
test-docker: .venv/dev
	$(if $(DOCKER_HOST),,tests/docker/with_engine.sh) env KUSCIA_NB_DOCKER=1 $(BIN)/python -m pytest tests/docker

# FATE-Flow 2.2.0 orders jobs on two nodes: make test-fate FATE_FLOW=<a checkout of it> FATE_PYTHON=<a Python 3.9>
test-fate: .venv/dev .venv-fate/ready
	@test -f "$(FATE_FLOW)/python/fate_flow/fate_flow_server.py" || \
	  { echo "FATE_FLOW=$(FATE_FLOW) is no checkout of FATE-Flow: make test-fate FATE_FLOW=<its folder>"; exit 2; }
	FATE_FLOW="$(abspath $(FATE_FLOW))" FATE_PYTHON="$(CURDIR)/.venv-fate/bin/python" \
	  $(BIN)/python -m pytest tests/test_fate_flow.py

lint: lint-python build/labextension.lint

lint-python: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# Of the panel only if something has changed in it: what is checked is named by make, as for a build.
build/labextension.lint: $(SOURCES) $(wildcard labextension/*.mjs labextension/*.ts) $(shell find labextension/test -type f) $(MODULES)
	cd labextension && npm run lint
	@mkdir -p build && touch $@

lab: .venv/lab $(if $(shell command -v npm),labextension)
	$(BIN)/jupyter lab notebooks

labextension: $(PANEL)
	@mkdir -p .venv/share/jupyter/labextensions
	@ln -sfn ../../../../kuscia_nb/labextension .venv/share/jupyter/labextensions/kuscia-nb

docs: .venv/dev
	$(BIN)/sphinx-build --jobs=auto --fail-on-warning --keep-going --nitpicky -c docs -d build/doctrees . build/docs

# Ten thousand schedules of faults over small jobs, without and with digests of all messages: about half an hour.
faults: .venv/dev
	$(BIN)/python tests/schedules.py --schedules 10000
	$(BIN)/python tests/schedules.py --schedules 10000 --verify

# Inputs that are nearly right, so many for every reader. It says how long a million for each would take: days.
INPUTS ?= 10000
fuzz: .venv/dev
	$(BIN)/python tests/fuzz.py --inputs $(INPUTS)

# Slides of the notebooks, in build/slides: make slides LESSONS="04 zh/05", or of all.
slides: .venv/lab
	$(BIN)/python notebooks/slides.py $(LESSONS)

# All of that and more, in figures: benchmarks/results/robustness.md. It takes some hours.
report: .venv/dev
	$(BIN)/python benchmarks/robustness.py --save

# Is something known against a package that runs here? make audit ADVISORIES=<a checkout of pypa/advisory-database>
audit: .venv/dev
	@test -d "$(ADVISORIES)" || { echo "ADVISORIES=$(ADVISORIES) is no folder: make audit ADVISORIES=<its folder>"; exit 2; }
	$(BIN)/python tests/audit.py "$(ADVISORIES)"

bench: .venv/dev
	$(BIN)/python benchmarks/ss_lr.py
	$(BIN)/python benchmarks/end_to_end.py

dist: .venv/release
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf .venv .venv-spu .venv-fate .venv-colab build

$(PANEL): $(SOURCES) $(MODULES) | .venv/panel
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" npm run build:prod

$(MODULES): labextension/package-lock.json
	cd labextension && npm ci
	@touch $@

# Stamps: what is installed into .venv, installed anew when pyproject.toml changes.
.venv/demo .venv/dev .venv/lab .venv/panel .venv/release: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet $(INSTALL)
	@touch $@

.venv/demo: INSTALL = --editable .
.venv/dev: INSTALL = --editable . --group dev
.venv/lab: INSTALL = --editable ".[lab]"
.venv/panel: INSTALL = --group panel
.venv/release: INSTALL = --group release

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "kuscia_nb needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

.venv-spu/ready: | .venv/dev
	$(BIN)/python -c 'import sys; sys.path.insert(0, "benchmarks"); from _peers import spu_environment; spu_environment(None)'
	@touch $@

# What FATE-Flow's server imports, in the versions that it asks for.
FATE_PYTHON ?= python3.9
FATE_NEEDS := apsw "Flask==2.2.5" "Werkzeug<4" "grpcio==1.62.1" "protobuf==4.24.4" "requests<2.26.0" "urllib3==1.26.18" \
  "ruamel-yaml==0.16" "cachetools==3.0.0" "filelock==3.3.1" "pydantic==1.10.12" webargs "peewee==3.17.1" pyyaml \
  "python-dotenv==0.13.0" networkx psutil casbin casbin_peewee_adapter pymysql kazoo shortuuid boto3 pandas "numpy<2" \
  "typing-extensions==4.8.0" "setuptools<70"

.venv-fate/ready:
	$(FATE_PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 9) else "FATE-Flow 2.2.0 runs with Python 3.9")'
	$(FATE_PYTHON) -m venv .venv-fate
	.venv-fate/bin/python -m pip install --quiet "setuptools<70" wheel
	.venv-fate/bin/python -m pip install --quiet --no-build-isolation $(FATE_NEEDS)
	@touch $@
