# `make help` lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := $(CURDIR)/.venv/bin
# Where compiled modules may not be written, each of hundreds of jobs compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE
SNAKEMAKE := $(BIN)/snakemake --snakefile $(CURDIR)/Snakefile --workflow-profile $(CURDIR)/profiles/default --cores $(CORES)

# The studies of `make demo`: for each its folder, its config and the command that makes its plate.
STUDIES := first transcription smfish localization interaction profiling profiling-null validation labelling crowded
STUDY ?= first
ifeq ($(filter $(STUDY),$(STUDIES)),)
$(error STUDY is $(STUDY); expected one of: $(STUDIES))
endif
FOLDER_first := demo
CONFIG_first := config/demo/config.yaml
PLATE_first := simulate --preset first
FOLDER_transcription := demo/transcription
CONFIG_transcription := config/transcription/config.yaml
PLATE_transcription := simulate --preset demo
FOLDER_smfish := demo/smfish
CONFIG_smfish := config/smfish/config.yaml
PLATE_smfish := simulate-smfish
FOLDER_localization := demo/localization
CONFIG_localization := config/localization/config.yaml
PLATE_localization := simulate-localization
FOLDER_profiling := demo/profiling
CONFIG_profiling := config/profiling/config.yaml
PLATE_profiling := simulate-monolayers
FOLDER_profiling-null := demo/profiling-null
CONFIG_profiling-null := config/profiling/config.yaml
PLATE_profiling-null := simulate-monolayers --effect 0
FOLDER_validation := demo/validation
CONFIG_validation := config/validation/config.yaml
PLATE_validation := simulate --preset demo

FOLDER_labelling := demo/labelling
CONFIG_labelling := config/labelling/config.yaml
PLATE_labelling := simulate-labelling
FOLDER_interaction := demo/interaction
CONFIG_interaction := config/interaction/config.yaml
PLATE_interaction := simulate-interaction
FOLDER_crowded := demo/crowded
CONFIG_crowded := config/crowded/config.yaml
PLATE_crowded := simulate-crowded

# Their networks are small: two at a time, on one thread each, end sooner than one after the other on two threads.
SMALL_NETWORKS := --set-threads $(foreach rule,training_fit attribution_map attribution_validate attribution_rank \
  attribution_retrain,$(rule)=1)

FOLDER := $(FOLDER_$(STUDY))
DEMO := $(SNAKEMAKE) --directory $(FOLDER) $(SMALL_NETWORKS) --configfile $(CONFIG_$(STUDY))
REAL := $(SNAKEMAKE) --directory real --configfile config/real/config.yaml
WELLSPRING_DATA ?= ../shared/data
# Two workers, each on one core and with whole files: what a file prepares is prepared once.
# As wellspring.models.memory sets it for jobs: freed memory is kept, so that it is not cleared again.
KEPT_MEMORY := MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647 MALLOC_TOP_PAD_=67108864
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(KEPT_MEMORY) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help venv demo demo-again real weights plan lint fix test test-fast test-cluster test-cluster-faults test-cluster-others bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo 'STUDY=NAME with demo: $(STUDIES); CORES=N with any run, now $(CORES)'

venv: .venv/installed ## Install everything into .venv

# pip installs one hash-checked tool, which installs the rest in parallel; pip itself is the fallback. Compiled once, a
# network library is imported in half the time by every job after it.
.venv/installed: requirements.lock requirements-uv.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# A simulated plate is made once; remove its study's folder to start over.
$(FOLDER)/plate/wells.tsv: | .venv/installed
	$(BIN)/wellspring $(word 1,$(PLATE_$(STUDY))) $(FOLDER)/plate $(wordlist 2,9,$(PLATE_$(STUDY)))

demo: .venv/installed $(FOLDER)/plate/wells.tsv ## Simulate a plate, run everything on it, compare with the truth
	$(DEMO)
	@$(BIN)/wellspring truth $(FOLDER)/plate $(FOLDER)/results || true
	@echo "Report: $(CURDIR)/$(FOLDER)/results/report/report.html"

demo-again: .venv/installed $(FOLDER)/plate/wells.tsv ## Run the demo's study again, which finds nothing to do
	$(DEMO)

real: .venv/installed ## Run on public images, from the folder WELLSPRING_DATA
	$(BIN)/python bench/real.py sheet --data "$(WELLSPRING_DATA)" --output real/wells.tsv
	$(REAL)
	@echo "Report: $(CURDIR)/real/results/report/report.html"

# On annotated images of WELLSPRING_DATA and simulated ones; a run that was stopped resumes.
weights: .venv/installed ## Train the networks that are part of wellspring again, into weights/
	$(BIN)/python -m bench.train_weights --data "$(WELLSPRING_DATA)" --output weights
	@echo "To ship them: cp weights/nuclei.npz src/wellspring/segmentation/learned/shipped/"
	@echo "              cp weights/spots.npz src/wellspring/spots/enhanced/shipped/"

# From the records of earlier runs; PLAN holds more options (`wellspring plan --help`).
plan: .venv/installed ## Print what a run of CONFIG will take
	$(BIN)/wellspring plan $(if $(CONFIG),--configfile $(CONFIG)) $(PLAN)

lint: .venv/installed ## Check style, types and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/codespell
	$(BIN)/mypy

fix: .venv/installed ## Mend style and spelling where that can be done by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules
	$(BIN)/codespell --write-changes

test: lint ## Check all, then run all tests but those on a cluster
	$(PYTEST)

test-fast: .venv/installed ## Run the tests that need neither Snakemake nor a network library nor seconds each
	$(PYTEST) -m "not cluster and not workflow and not network and not slow"

# Needs root and the Debian packages slurm-wlm, slurmdbd, munge and mariadb-server. Most of its time are waits for the
# profile's status checks: two processes, each with a cluster of its own, end sooner than one.
test-cluster: .venv/installed ## Run the tests on SLURM clusters made for them
	+$(MAKE) --no-print-directory --jobs=2 --keep-going test-cluster-faults test-cluster-others

FAULTS := tests/cluster/test_faults.py tests/cluster/test_batches.py
test-cluster-faults: CLUSTER_FILES := $(FAULTS)
test-cluster-others: CLUSTER_FILES := $(filter-out $(FAULTS),$(wildcard tests/cluster/test_*.py))
test-cluster-faults test-cluster-others:
	$(BIN)/python -m pytest -m cluster --durations=0 $(CLUSTER_FILES)

bench: .venv/installed ## Measure, compared with peers and with physical limits
	$(BIN)/python -m bench

lock: .venv/installed ## Write requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra slurm --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## Remove the demo and the real run
	rm -rf demo real
