# Each target sets up what it needs in .venv first (tools/setup): a fresh clone,
# make and Python 3.11 or newer are enough. The deploy targets aws and gcp are
# tested in an environment of their own, .venv-clouds. `make test ARGS="-k redact"`
# passes options on to both; `make PYTHON=/path/to/python3 test` names the interpreter.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-all lab bench check clean

CACHE := $(CURDIR)/.cache

export PIP_CACHE_DIR := $(CACHE)/pip
export UV_CACHE_DIR := $(CACHE)/uv
export XDG_CACHE_HOME := $(CACHE)/xdg
export npm_config_cache := $(CACHE)/npm
export YARN_GLOBAL_FOLDER := $(CACHE)/yarn
export JUPYTER_RUNTIME_DIR := $(CACHE)/jupyter/runtime
export JUPYTERLAB_WORKSPACES_DIR := $(CACHE)/jupyter/workspaces
ifeq ($(filter lab,$(MAKECMDGOALS)),)  # the lab is a person's: it keeps their settings
export IPYTHONDIR := $(CACHE)/ipython
export JUPYTER_CONFIG_DIR := $(CACHE)/jupyter/config
export MPLCONFIGDIR := $(CACHE)/matplotlib
endif
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

demo: ## run the first notebook and show what happens
	@sh tools/setup demo
	@.venv/bin/jupyter-autoexec demo

test: ## run the tests, but the slow ones
	@sh tools/system-packages
	@sh tools/setup test
	@sh tools/setup clouds
	@.venv/bin/python -m pytest -m "not slow" $(ARGS)
	@sh tools/test-clouds quick $(ARGS)

test-all: ## run all tests
	@sh tools/system-packages
	@sh tools/setup test
	@sh tools/setup clouds
	@.venv/bin/python -m pytest $(ARGS)
	@sh tools/test-clouds all $(ARGS)

lab: ## open the first notebook in JupyterLab
	@sh tools/setup lab
	@.venv/bin/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/01_first_cell.ipynb

bench: ## run the benchmarks
	@sh tools/setup test
	@sh tools/bench

check: ## lint, check the format, the types and the layers
	@sh tools/setup dev
	@sh tools/check

clean: ## remove what the other targets made
	rm -rf autoexec_magic/labextension labextension/lib labextension/*.tsbuildinfo labextension/node_modules labextension/.yarn
	rm -rf .venv .venv-clouds .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find autoexec_magic tests -name __pycache__ -type d -prune -exec rm -rf {} +
