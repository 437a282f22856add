# make demo   a whole story in a temporary folder, under a minute
# make test   everything that is tested
#
# Needs make and Python 3.11 or newer with venv. What they install stays in .venv, but for Debian packages:
# make test (as root, or by sudo without a password) installs those that tests run, make demo (as root) openssh-server.

BIN := .venv/bin
export PATH := $(PATH):/usr/sbin:/sbin
unexport PYTHONHOME PYTHONPATH VTSPOLICY_POLICIES VTSPOLICY_STATE
MAKEFLAGS += --no-print-directory
.SUFFIXES:
.PHONY: help demo test torture bench man lint wheel clean environment machine

help:
	@echo "make demo      show a whole story in a temporary folder (KEEP=1 keeps it)"
	@echo "make test      run all tests (ARGS='...' goes to pytest)"
	@echo "make torture   the same with the full counts, up to 80 minutes"
	@echo "make bench     speed, as ratios to rsync, scp and python"
	@echo "make lint      ruff and mypy"
	@echo "make man       make the manual pages from the definitions"
	@echo "make wheel     build the wheel in dist/"
	@echo "make clean     remove all that was made"

demo:
	@.ci/environment
	@$(BIN)/python .ci/machine.py demo
	@$(BIN)/vtspolicy demo $(if $(KEEP),--keep)

test: machine lint
	@$(as_root) $(BIN)/python -m pytest -q $(PROCESSES) $(ARGS)

torture: machine
	@$(as_root) VTSPOLICY_TORTURE=1 $(BIN)/python -m pytest -q $(PROCESSES) --timeout 2400 $(ARGS)

bench: environment
	@$(BIN)/python -m tests.bench

lint: environment
	@$(BIN)/ruff check --quiet --output-format concise vtspolicy tests .ci
	@$(BIN)/mypy --no-error-summary

man: environment
	@$(BIN)/python -m vtspolicy.report.manual man

wheel: environment
	@told=$$($(BIN)/python -m build --wheel --no-isolation --outdir dist . 2>&1) || { echo "$$told"; exit 1; }
	@ls dist/*.whl

clean:
	@rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find vtspolicy tests .ci -name __pycache__ -exec rm -rf {} +

environment:
	@.ci/environment test

machine: environment
	@$(BIN)/python .ci/machine.py test

# Tests wait more than they work: one process more than there are processors, each with whole files.
PROCESSES = -n $$(($$(nproc) + 1)) --dist loadfile

# Tests that need root get it; nothing of root's is left in a user's folder.
as_root = $$([ $$(id -u) = 0 ] && echo env || echo "sudo -n env CI=$$CI PATH=$$PATH PYTHONDONTWRITEBYTECODE=1 \
	PYTEST_ADDOPTS=-pno:cacheprovider HYPOTHESIS_STORAGE_DIRECTORY=/tmp/vtspolicy-hypothesis")
