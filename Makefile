# One environment in .venv, made when first needed and again when pyproject.toml or constraints.txt change.
PYTHON ?= python3
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin
READY := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test test-slow lint bench clean
.DEFAULT_GOAL := demo

demo: $(READY)  ## fit bundled real data and show every step
	$(BIN)/logistic demo

test: $(READY)  ## the quick tests
	$(BIN)/python -m pytest

test-slow: $(READY)  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(READY)  ## style, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## every benchmark, in order of name
	@for file in $(sort $(wildcard benchmarks/*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:  ## remove the environment and everything that was made
	rm -rf .venv build dist logistic-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis

# torch comes first, from PyTorch's own index of CPU wheels; where that cannot be reached, from wherever pip is set up to look.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (a minute or two, once)"
	@$(PIP) install --quiet --no-deps --retries 0 --timeout 20 --index-url $(TORCH_INDEX) -c constraints.txt "$(TORCH)" 2>/dev/null \
		|| $(PIP) install --quiet -c constraints.txt "$(TORCH)"
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
