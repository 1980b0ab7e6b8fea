# A review that you can make. `make help` lists the targets.
REVIEW ?= msc-sr-agvhd
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help pool check search flow figures test lint types unit test-slow reference docs bench constraints clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.made: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than Python 3.11; say which one to use: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Setting up .venv (once; a minute or two) …"
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable .
	@touch $@

.venv/.made-dev: .venv/.made
	@echo "Adding what the tests need (once) …"
	@$(PIP) --editable '.[dev]'
	@touch $@

pool: .venv/.made ## check the sheets, pool every planned analysis of REVIEW, draw, print a table
	@$(BIN)/metareview pool $(REVIEW)

check: .venv/.made ## say every fault of REVIEW's protocol and sheets
	@$(BIN)/metareview check $(REVIEW)

search: .venv/.made ## run the protocol's PubMed searches (needs a network and NCBI_EMAIL)
	@$(BIN)/metareview search $(REVIEW)

flow: .venv/.made ## count REVIEW's records and draw its PRISMA 2020 flow diagram
	@mkdir -p output/$(REVIEW)
	@$(BIN)/metareview flow $(REVIEW) -o output/$(REVIEW)/flow.svg

figures: .venv/.made pool ## draw REVIEW's figures, and the gallery of the docs
	@$(BIN)/python docs/make_gallery.py

test: lint types unit ## lint, types and tests: what continuous integration runs

lint: .venv/.made-dev ## style of the code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: .venv/.made-dev ## types, strictly
	@$(BIN)/mypy

unit: .venv/.made-dev ## the tests, doctests and examples in the docs
	@$(BIN)/pytest -n auto --dist worksteal -m 'not slow'

test-slow: .venv/.made-dev ## the long runs: a fault at every file operation, storms, fuzzing, thousands of layouts
	@$(BIN)/pytest -n auto --dist worksteal -m slow

docs: .venv/.made ## renew the pages that are made from the code
	@$(BIN)/python docs/make_cli.py
	@$(BIN)/python docs/make_policies.py
	@$(BIN)/metareview measures --markdown > docs/measures.md
	@$(BIN)/python -m metareview.extraction.checks.page
	@$(BIN)/python docs/make_gallery.py

reference: ## make the reference values again (needs R with metafor; tests do not)
	@cd tests/reference && for script in make_*.R; do echo "$$script"; Rscript $$script; done

bench: .venv/.made-dev ## measure the speed of pooling, rare-event models, figures, parsing and duplicates
	@for name in pooling rare_speed whole_process figures parse dedupe; do $(BIN)/python -m benchmarks.$$name; done

constraints: ## renew constraints.txt from the newest releases (in a new environment)
	@$(PYTHON) -m venv .venv-new && .venv-new/bin/pip install --quiet --editable '.[dev]'
	@{ echo '# The versions that the project is tested with; `make` installs exactly these. Renewed by `make constraints`.'; \
	   .venv-new/bin/pip freeze --exclude-editable; } > constraints.txt
	@rm -rf .venv-new

clean: ## remove what can be made again: output and caches (not .venv)
	@find output -mindepth 1 ! -name README.md -delete
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
