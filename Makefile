# Two commands matter: `make demo` and `make test`. Each sets up its own environment first.

PYTHON ?= python3.11
VENV ?= .venv
# The environment is as good as the dependency files it was made from: another hash, another set-up.
HASH := $(shell cat pyproject.toml setup.cfg | sha256sum | cut -c1-16)
READY := $(VENV)/.ready-$(HASH)
BIN := $(VENV)/bin

.PHONY: demo test lint bench clean setup

demo: $(READY)
	$(BIN)/python recipes/speech_digits/train.py --output runs/demo
	$(BIN)/rnnaudio transcribe -m runs/demo/model data/digits/audio/test-0001.ogg data/digits/audio/test-0002.ogg

test: lint
	$(BIN)/lint-imports --config setup.cfg
	$(BIN)/mypy
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(READY)
	$(BIN)/python benchmarks/recurrent.py

setup: $(READY)

$(READY):
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(f"rnnaudio needs Python 3.11 to 3.13; this is {v[0]}.{v[1]}. Name another: make PYTHON=python3.11 ...") if not (3, 11) <= v <= (3, 13) else None'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	find rnnaudio recipes tests benchmarks data -name __pycache__ -type d -prune -exec rm -rf {} +
