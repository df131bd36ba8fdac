# The commands of the README, nothing more.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := $(CURDIR)/.venv/bin
SNAKEMAKE := $(BIN)/snakemake --snakefile $(CURDIR)/Snakefile --workflow-profile $(CURDIR)/profiles/default --cores $(CORES)
# The study of `make demo`: transcription, smfish (single molecules), profiling (whole fields), profiling-null (the same
# where patients are like controls), or validation (whether maps mean something: hours).
STUDY ?= transcription
ifeq ($(STUDY),smfish)
DEMO_FOLDER := demo/smfish
DEMO_CONFIG := config/smfish/config.yaml
DEMO_PLATE := simulate-smfish $(DEMO_FOLDER)/plate
else ifeq ($(STUDY),validation)
DEMO_FOLDER := demo/validation
DEMO_CONFIG := config/validation/config.yaml
DEMO_PLATE := simulate $(DEMO_FOLDER)/plate --preset demo
else ifeq ($(STUDY),profiling)
DEMO_FOLDER := demo/profiling
DEMO_CONFIG := config/profiling/config.yaml
DEMO_PLATE := simulate-monolayers $(DEMO_FOLDER)/plate
else ifeq ($(STUDY),profiling-null)
DEMO_FOLDER := demo/profiling-null
DEMO_CONFIG := config/profiling/config.yaml
DEMO_PLATE := simulate-monolayers $(DEMO_FOLDER)/plate --effect 0
else ifeq ($(STUDY),transcription)
DEMO_FOLDER := demo
DEMO_CONFIG := config/demo/config.yaml
DEMO_PLATE := simulate $(DEMO_FOLDER)/plate --preset demo
else
$(error STUDY is $(STUDY); expected transcription, smfish, profiling, profiling-null or validation)
endif
DEMO := $(SNAKEMAKE) --directory $(DEMO_FOLDER) --configfile $(DEMO_CONFIG)
REAL := $(SNAKEMAKE) --directory real --configfile config/real/config.yaml
WELLSPRING_DATA ?= ../shared/data

.PHONY: venv demo demo-again real plan test test-cluster bench lock clean

venv: .venv/installed

# pip installs one hash-checked tool, which installs the rest in parallel; pip itself is the fallback.
.venv/installed: requirements.lock requirements-uv.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The simulated plate is made once; remove the folder `demo` to start over.
$(DEMO_FOLDER)/plate/wells.tsv: | .venv/installed
	$(BIN)/wellspring $(DEMO_PLATE)

demo: .venv/installed $(DEMO_FOLDER)/plate/wells.tsv
	$(DEMO)
	@$(BIN)/wellspring truth $(DEMO_FOLDER)/plate $(DEMO_FOLDER)/results || true
	@echo "Report: $(CURDIR)/$(DEMO_FOLDER)/results/report/report.html"

demo-again: .venv/installed $(DEMO_FOLDER)/plate/wells.tsv
	$(DEMO)

real: .venv/installed
	$(BIN)/python bench/real.py sheet --data "$(WELLSPRING_DATA)" --output real/wells.tsv
	$(REAL)
	@echo "Report: $(CURDIR)/real/results/report/report.html"

# What a run of CONFIG will take, from the records of earlier runs; PLAN holds more options (`wellspring plan --help`).
plan: .venv/installed
	$(BIN)/wellspring plan $(if $(CONFIG),--configfile $(CONFIG)) $(PLAN)

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/python -m pytest

# Needs root and the Debian packages slurm-wlm, slurmdbd, munge and mariadb-server.
test-cluster: .venv/installed
	$(BIN)/python -m pytest -m cluster --durations=0 tests/cluster

bench: .venv/installed
	$(BIN)/python -m bench

lock: .venv/installed
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra slurm --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --quiet --output-file requirements.lock

clean:
	rm -rf demo real
