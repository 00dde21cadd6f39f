# The menu. `make run` and `make test` set up all that they need.

.DEFAULT_GOAL := help
TARGET ?= inbound
SECONDS ?= 60

.PHONY: compile fuzz help setup run tour test lint lock licences sbom

PYTHON_STAMP := .venv/stamp
NODE_STAMP := node_modules/stamp
SUPPLY_STAMP := .local/supply/stamp
FUZZ_STAMP := .local/fuzzing/stamp

help:
	@echo "make run     start the local stack; Ctrl-C stops it"
	@echo "make tour    walk through the running stack, narrated (in a second terminal)"
	@echo "make test    lint, types and tests"
	@echo "make fuzz    search for inputs that break one reader; TARGET=inbound (or another of fuzz/) SECONDS=60"
	@echo "make lint    lint and types alone"
	@echo "make setup   install Python and Node packages (the others do it too)"
	@echo "make compile compile the app's modules before publishing it, so that no start does"
	@echo "make lock    write requirements.lock: every package of production, with hashes; UPGRADE=1 for newer ones"
	@echo "make licences  write docs/licences.md, the licences of these packages"
	@echo "make sbom    write .local/sbom.json, the bill of materials of these packages (CycloneDX)"

setup: $(PYTHON_STAMP) $(NODE_STAMP)

run: setup
	@exec .venv/bin/python -m devhost run

tour: setup
	@exec .venv/bin/python -m devhost tour

test: setup lint
	.venv/bin/pytest -n 2 --dist loadfile

# By content and not by time, which packing changes; checked, so that nothing old ever runs.
compile: $(PYTHON_STAMP)
	.venv/bin/python -m compileall -q --invalidation-mode checked-hash gateway

fuzz: $(FUZZ_STAMP)
	PYTHONPATH=. .local/fuzzing/bin/python -m fuzz $(TARGET) --seconds $(SECONDS)

# In an environment of its own: atheris has wheels for Linux alone, and `make test` must do without it.
$(FUZZ_STAMP): fuzz/requirements.txt requirements-dev.txt $(PYTHON_STAMP)
	@.venv/bin/python -m venv --clear .local/fuzzing
	@.local/fuzzing/bin/python -m pip install --quiet --disable-pip-version-check \
	  --requirement requirements-dev.txt --requirement fuzz/requirements.txt
	@touch $@

lint: $(PYTHON_STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

$(PYTHON_STAMP): requirements.txt requirements-dev.txt
	@is_313='import sys; sys.exit(sys.version_info[:2] != (3, 13))'; \
	if ! .venv/bin/python -c "$$is_313" 2>/dev/null; then \
	  for python in python3 python3.13 python none; do "$$python" -c "$$is_313" 2>/dev/null && break; done; \
	  if [ "$$python" = none ]; then \
	    echo "Python 3.13 is missing: install it so that python3.13 is on the PATH, then run make again." >&2; exit 1; \
	  fi; \
	  echo "Making .venv with $$("$$python" --version)"; \
	  "$$python" -m venv --clear .venv || { \
	    echo "Python cannot make a virtual environment: on Debian, install python3.13-venv." >&2; exit 1; }; \
	fi
	@echo "Installing Python packages"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

$(NODE_STAMP): package.json package-lock.json
	@major=$$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'); \
	if [ "$${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then \
	  echo "Node 20 or later with npm is missing: install it, then run make again." >&2; exit 1; \
	fi
	@echo "Installing Node packages"
	@npm ci --loglevel=error
	@touch $@

lock: $(SUPPLY_STAMP)
	.local/supply/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header \
	  $(if $(UPGRADE),--upgrade) --output-file requirements.lock requirements.txt

licences: $(PYTHON_STAMP)
	.venv/bin/python -m tests.docs.licences

# Of exactly what the lock installs, and nothing else; validated by CycloneDX's own schema.
sbom: $(SUPPLY_STAMP)
	@.venv/bin/python -m venv --clear --without-pip .local/production
	@.venv/bin/python -m pip --python .local/production/bin/python install --quiet --disable-pip-version-check \
	  --require-hashes --requirement requirements.lock
	PYTHONWARNINGS=ignore .local/supply/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --validate \
	  --output-format JSON --output-file .local/sbom.json .local/production/bin/python

$(SUPPLY_STAMP): requirements-supply.txt $(PYTHON_STAMP)
	@.venv/bin/python -m venv --clear .local/supply
	@.local/supply/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-supply.txt
	@touch $@
