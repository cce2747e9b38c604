# Every target works on a fresh clone: `make setup` runs first where it is needed and is skipped when nothing changed.
# Works with GNU Make 3.81 (macOS) and newer.

STACK  ?= full
PORT   ?= 4566
TARGET ?= embedded
ARGS   ?=

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup up down status logs test drill bench lint types coverage clean

help: ## show this list
	@echo "make <target>   [STACK=$(STACK)] [PORT=$(PORT)] [TARGET=$(TARGET)] [ARGS=...]"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

setup: ## install the pinned dependencies into .venv
	@sh scripts/bootstrap.sh

up: setup ## start the emulator and bring up terraform/stacks/$(STACK) or sam/$(STACK)
	@$(BIN)/harness up --target $(TARGET) --port $(PORT) --stack $(STACK) $(ARGS)

down: setup ## stop the emulator and every process it started
	@$(BIN)/harness down --port $(PORT)

status: setup ## show what runs
	@$(BIN)/harness status

logs: setup ## follow the emulator's log
	@$(BIN)/harness logs --follow --port $(PORT)

test: setup ## run every test, the integration tests included
	@$(BIN)/python -m pytest -n auto $(ARGS)

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

clean: ## stop everything and remove what was built (.venv stays)
	@if [ -x $(BIN)/harness ]; then $(BIN)/harness down --all; fi
	@rm -rf .harness build .mypy_cache .ruff_cache .pytest_cache .hypothesis
