# The same commands people and CI use. Bare Python 3.11+ and make are all it takes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help demo test unit integration conformance incident bench soak stress fuzz hostile differential lint docs format clean

help:
	@echo "make demo         set up, and run the main job on an embedded NATS server"
	@echo "make test         set up, and pass the tests"
	@echo "make lint         ruff, mypy (strict) and the order of imports"
	@echo "make conformance  OPA's compliance cases, from plans and from modules"
	@echo "make bench        decisions, compiling, builtins, locks and NATS loading against peers"
	@echo "make incident     the five faults, broken and fixed, on both stores"
	@echo "make soak         60 seconds of queries, watchers and writers on both stores"
	@echo "make docs         write the documents that are made from code: commands, builtins"
	@echo "make fuzz         60 seconds of texts that the parser and the compiler have not seen"
	@echo "make hostile      100,000 calls of builtins with operands that are chosen to hurt"
	@echo "make differential builtins against a real opa on random calls, if there is one"
	@echo "make format       let ruff format the code"
	@echo "make clean        remove the environment and what tools left behind"

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"regolive needs Python 3.11 or newer; $(PYTHON) is {v.major}.{v.minor}. Name another: make PYTHON=python3.12")'
	@echo "Setting up the environment in $(VENV) (once; a minute or so) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/python examples/demo.py

# A file's tests stay together, so that what they share is made once.
test: $(READY)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

unit: $(READY)
	$(BIN)/python -m pytest tests/unit

integration: $(READY)
	$(BIN)/python -m pytest tests/integration

incident: $(READY)
	$(BIN)/regolive incident story
	$(BIN)/python -m tests.explore

conformance: $(READY)
	$(BIN)/python -m tests.conformance

bench: $(READY)
	$(BIN)/python -m tests.bench

soak: $(READY)
	$(BIN)/python -m tests.soak

stress: $(READY)
	$(BIN)/python -m tests.soak --profile stress

fuzz: $(READY)
	$(BIN)/python -m tests.fuzz --seconds 60

differential: $(READY)
	$(BIN)/python -m tests.differential --calls 10000

hostile: $(READY)
	$(BIN)/python -m tests.hostile --calls 100000

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	REGOLIVE_WRITE_DOCS=1 $(BIN)/python -m pytest -q tests/unit/test_docs.py tests/unit/cli/test_cli_help.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist report *.egg-info evaluator/*.egg-info builtins/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
