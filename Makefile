# Every target works on a fresh clone: `make setup` runs first where it is needed and is skipped when nothing changed.
# Works with GNU Make 3.81 (macOS) and newer.

STACK  ?= full
PORT   ?= 4566
TARGET ?= embedded
ARGS   ?=
SEED   ?= 1
HOURS  ?= 1

BIN := .venv/bin
# Tests start hundreds of Python processes: where the shell forbids bytecode, each would compile the harness anew.
# A worker that has run out of tests takes some of another's.
TESTS := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup up down status logs test unit attack drill bench lint types coverage stored-form image localstack-image changelog wheels clean

help: ## show this list
	@echo "make <target>   [STACK=$(STACK)] [PORT=$(PORT)] [TARGET=$(TARGET)] [ARGS=...]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

setup: ## install the pinned dependencies into .venv
	@sh scripts/bootstrap.sh

up: setup ## start the emulator and bring up terraform/stacks/$(STACK) or sam/$(STACK)
	@$(BIN)/harness up --target $(TARGET) --port $(PORT) --stack $(STACK) $(ARGS)

down: setup ## stop the emulator and every process it started, or remove its containers
	@$(BIN)/harness down --target $(TARGET) --port $(PORT)

status: setup ## show what runs
	@$(BIN)/harness status

logs: setup ## follow the emulator's log
	@$(BIN)/harness logs --follow --port $(PORT)

test: setup ## run every test, the integration tests included
	@$(TESTS) $(ARGS)

unit: setup ## run the unit tests alone
	@$(TESTS) tests/unit $(ARGS)

attack: setup ## attack emulators for [HOURS=1] with [SEED=1] (docs/reliability.md); a finding's line: [PART= ROUND= UPTO=]
	@$(BIN)/python -m tests.hostile.attack --seed $(SEED) --hours $(HOURS) $(if $(PART),--part $(PART)) \
		$(if $(ROUND),--round $(ROUND)) $(if $(UPTO),--upto $(UPTO)) $(ARGS)

drill: setup ## play every failure drill, print the verdicts and open the report
	@$(BIN)/harness drill all --report .harness/drills.html --json .harness/drills.json --junit .harness/drills.xml --open $(ARGS)

bench: setup ## measure against the peers and write bench/README.md
	@$(BIN)/python -m bench $(ARGS)

lint: setup ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## mypy in strict mode
	@$(BIN)/mypy

coverage: setup ## write docs/coverage.md from the code
	@$(BIN)/python -m harness.emulator.coverage > docs/coverage.md

stored-form: setup ## write tests/stored_form.txt from what snapshots and state folders hold
	@$(BIN)/python -m tests.stored_form

image: setup ## build the edge's image: [PYTHON_IMAGE=...] [ARGS="--network host"]
	@$(BIN)/python -m harness.targets.localstack.images edge $(ARGS)

localstack-image: setup ## build LocalStack from PyPI packages, where its image cannot be pulled
	@$(BIN)/python -m harness.targets.localstack.images localstack $(ARGS)

changelog: setup ## write the change fragments of changes/ into CHANGELOG.md, as the release of harness/version.py
	@$(BIN)/python scripts/changelog.py

wheels: setup ## collect what the edge's image needs in build/wheels, so that its build downloads nothing
	@$(BIN)/python -m pip wheel --quiet --wheel-dir build/wheels -c constraints.txt '.[snappy]' 'setuptools>=69' wheel
	@rm -f build/wheels/pipeline_harness-*.whl

clean: ## stop everything and remove what was built (.venv stays)
	@if [ -x $(BIN)/harness ]; then $(BIN)/harness down --all; fi
	@rm -rf .harness build .mypy_cache .ruff_cache .pytest_cache .hypothesis
