# One environment in .venv, made when first needed and again when pyproject.toml or constraints.txt change.
PYTHON ?= python3
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin
READY := .venv/.installed
PLAIN := $(addprefix tests/laws/test_,loss.py model.py products.py stretch.py elastic.py crossval.py solvers.py kernels.py kernels_of_two_classes.py columns.py designs.py evaluation.py executor.py metric.py penalty.py encoding.py)
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test test-browser test-slow test-plain test-oldest lint lessons bench bench-full clean
.DEFAULT_GOAL := demo

demo: $(READY)  ## fit bundled real data and show every step
	$(BIN)/logistic demo

test: $(READY)  ## the quick tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-browser: $(READY)  ## the report in Chromium, which must be there
	LOGISTIC_CHROMIUM=$${LOGISTIC_CHROMIUM:-chromium} $(BIN)/python -m pytest -m browser -n auto --maxprocesses 4

test-slow: $(READY)  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow -n auto --maxprocesses 4

test-plain: $(READY)  ## what has a compiled kernel, on NumPy alone
	LOGISTIC_COMPILED=0 $(BIN)/python -m pytest -n auto --maxprocesses 4 $(PLAIN)

test-oldest: .venv-oldest/.installed  ## scikit-learn's contract on the oldest versions that are admitted
	.venv-oldest/bin/python -m pytest -m "slow or not slow" tests/parity/test_scikit_learn_contract.py tests/laws/test_linear.py tests/laws/test_plots.py

lint: $(READY)  ## style, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror src/logistic/kernels/*.[ch]
	$(BIN)/mypy

lessons: $(READY)  ## run every lesson; notebooks, pages and their list in build/lessons
	$(BIN)/python -m logistic.learn build/lessons

bench: .venv-bench/.installed  ## the quick set against all peers, about a quarter of an hour; results in build/benchmarks
	.venv-bench/bin/python -m benchmarks
	.venv-bench/bin/python benchmarks/certified_fit.py
	.venv-bench/bin/python benchmarks/digits.py
	.venv-bench/bin/python benchmarks/summary_cost.py
	.venv-bench/bin/python benchmarks/one_row.py

bench-full: .venv-bench/.installed  ## everything at full size, five rounds: a day or more
	.venv-bench/bin/python -m benchmarks --full

clean:  ## remove the environment and everything that was made
	rm -rf .venv .venv-oldest .venv-bench build dist logistic-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis src/logistic/kernels/_compiled.*

# torch comes first, from PyTorch's own index of CPU wheels; where that cannot be reached, from wherever pip is set up to look.
$(READY): pyproject.toml constraints.txt hatch_build.py $(wildcard src/logistic/kernels/*.[ch])
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (a minute or two, once)"
	@$(PIP) install --quiet --no-deps --retries 0 --timeout 20 --index-url $(TORCH_INDEX) -c constraints.txt "$(TORCH)" 2>/dev/null \
		|| $(PIP) install --quiet -c constraints.txt "$(TORCH)"
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

.venv-oldest/.installed: pyproject.toml constraints-oldest.txt
	@test -x .venv-oldest/bin/python || $(PYTHON) -m venv .venv-oldest
	@echo "installing the oldest versions into .venv-oldest (a minute or two, once)"
	@.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --retries 0 --timeout 20 \
		--index-url $(TORCH_INDEX) "$(TORCH)" 2>/dev/null \
		|| .venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-oldest.txt -e . \
		hypothesis matplotlib pandas polars pytest statsmodels
	@touch $@

# Peers are for measuring only, so they have an environment of their own.
.venv-bench/.installed: pyproject.toml constraints.txt benchmarks/requirements.txt benchmarks/requirements-alone.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@echo '*' > .venv-bench/.gitignore
	@echo "installing the peers into .venv-bench (a minute or two, once)"
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --retries 0 --timeout 20 \
		--index-url $(TORCH_INDEX) -c constraints.txt "$(TORCH)" 2>/dev/null \
		|| .venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$(TORCH)"
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[data]' -r benchmarks/requirements.txt
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/requirements-alone.txt
	@touch $@
