# Two commands on a fresh machine: `make emulate` and `make test`. Each sets up what it needs, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_TESTS := tests/clients/node
DEMO := demo
AIRBYTE := .venv-airbyte
SAMPLE := tests/sample_projects/javascript
INSTALLED := $(NODE_TESTS)/node_modules/.installed $(DEMO)/node_modules/.installed $(SAMPLE)/node_modules/.installed

.PHONY: emulate demo test lint check format bench browser airbyte clean

emulate: $(VENV)/.runtime ## serve scenarios/ and reload what is saved
	@exec $(BIN)/emulator serve $(ARGS)

demo: $(VENV)/.runtime $(DEMO)/node_modules/.installed ## a page on a real client, and what it shows
	@node $(DEMO)/serve.mjs & trap "kill $$! 2>/dev/null || :" EXIT INT TERM; $(BIN)/emulator serve $(DEMO)/chat.yaml $(ARGS)

test: $(VENV)/.development $(VENV)/.browser $(AIRBYTE)/.installed $(INSTALLED) ## run all tests
	$(BIN)/pytest --numprocesses=auto --dist=worksteal $(ARGS)

lint: $(VENV)/.development ## formatter, ruff, mypy, import-linter
	$(BIN)/ruff format --check --diff .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## everything that must pass

format: $(VENV)/.development ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.development ## measure, side by side with bare aiohttp (Linux)
	$(BIN)/python -m bench $(ARGS)

browser: $(VENV)/.development ## find a browser for the tests, or install one
	$(BIN)/python -m tests.clients.browser.install
	@touch $(VENV)/.browser

airbyte: $(VENV)/.development ## set up Airbyte's source for the tests
	@$(BIN)/python -m tests.clients.airbyte.install
	@mkdir -p $(AIRBYTE) && touch $(AIRBYTE)/.installed

clean: ## remove what set-up made
	rm -rf $(VENV) $(AIRBYTE) $(NODE_TESTS)/node_modules $(DEMO)/node_modules $(SAMPLE)/node_modules dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.development: pyproject.toml tests/requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.runtime

$(VENV)/.browser: $(VENV)/.development
	@$(MAKE) --no-print-directory browser

$(AIRBYTE)/.installed: tests/clients/airbyte/requirements.txt | $(VENV)/.development
	@$(MAKE) --no-print-directory airbyte

%/node_modules/.installed: %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
