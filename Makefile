# Everything a newcomer needs: make run, make test. PYTHON names an interpreter of version 3.11 or newer.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check bench lock reference tables words clean

run: $(VENV)/run
	@$(BIN)/python -m publisher.cli.sample

test: $(VENV)/dev
	@$(BIN)/python -m pytest

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/dev
	@for each in bench/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

# What the program needs, exactly as locked; then the program itself, in place.
$(VENV)/run: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) (once, about half a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	@echo "Adding what the tests need (once)"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@

# Writes the lock files anew. They hold hashes, and no address of any index.
lock: $(VENV)/dev
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	  --extra build --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	  --constraint requirements.txt --extra build --extra dev --output-file requirements-dev.txt pyproject.toml
	awk '/^[^ ]/ {keep = /^psycopg(-binary)?==/} keep' requirements-dev.txt > deploy/requirements-postgres.txt

reference: $(VENV)/dev
	$(BIN)/python docs/reference.py

# Writes down which tables a new SQLite store has, after a migration was added.
tables: $(VENV)/dev
	$(BIN)/python publisher/store/migrations/tables.py

# Brings the sentences of every phrasebook up to date: new ones stand in it without words, old ones leave it.
words: $(VENV)/dev
	@$(BIN)/pybabel -q extract --mapping babel.cfg --add-location file --sort-by-file --width 110 \
	  --project publisher --version words --msgid-bugs-address "the maintainers" \
	  --output-file $(VENV)/publisher.pot .
	@for each in publisher/languages/*.po; do \
	  $(BIN)/pybabel -q update --input-file $(VENV)/publisher.pot --output-file $$each --width 110 \
	    --locale $$(basename $$each .po) --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date || exit 1; \
	done

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
