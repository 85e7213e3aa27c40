# One command per habit. Each sets up what it needs on a machine that has Python 3.11 and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
ALL_STAMP := .venv/.installed-all
export PYTHONHASHSEED ?= 0

.PHONY: help demo test test-slow bank lint format bench system clean

help:
	@echo "make demo       set up, then answer one problem and prove the answer"
	@echo "make test       set up, lint, then run the tests (under 10 minutes on two cores)"
	@echo "make test-slow  the long tests"
	@echo "make bank       prove every declaration of every problem in the bank"
	@echo "make bench      every figure of docs/benchmarks.md, side by side with its peers"
	@echo "make lint       ruff, mypy, and the layers of the design"
	@echo "make format     let ruff lay the code out"
	@echo "make clean      remove the environment and what tools left"

$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "nlogn needs Python 3.11 or later; this is $$("$(PYTHON)" -V). Say which: make PYTHON=/path/to/python3.11"; exit 1; }
	"$(PYTHON)" -m venv .venv
	$(PIP) -e .
	@touch $(STAMP)

$(DEV_STAMP): $(STAMP)
	$(PIP) -e ".[dev,model,corpus]"
	@touch $(DEV_STAMP)

$(ALL_STAMP): $(DEV_STAMP)
	$(PIP) -e ".[dev,model,corpus,gym,ray]"
	@touch $(ALL_STAMP)

system:
	@sh tools/system-packages.sh

demo: $(STAMP) system
	$(PY) -m nlogn solve examples/longest_increasing_subsequence.md --samples 8 --report out/demo.html

test: $(DEV_STAMP) system lint
	$(PY) -m pytest -n 2

test-slow: $(ALL_STAMP) system
	$(PY) -m pytest -m slow --timeout 1800

lint: $(DEV_STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

format: $(DEV_STAMP)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bank: $(STAMP) system
	$(PY) -m nlogn bank check

bench: $(ALL_STAMP) system
	$(PY) -m benchmarks

clean:
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
