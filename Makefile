SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin

# What a developer's shell may hold that would change a result.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTEST_ADDOPTS
unexport PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY KERNELPAIR_UPDATE_GOLDEN
unexport $(filter HELM_% KUBECONFIG KUBE_%,$(.VARIABLES))
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help venv lock tools unit lint test test-z2jh e2e soak screenshots golden generate demo bench bundle clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s%s\n", $$1, $$2 }' Makefile

venv: ## make .venv from the lock, with kernelpair in it, editable
	@$(PYTHON) ci/venv.py

tools: ## build the pinned tools (Helm 3 and 4, kubeconform, ...) into the cache; some minutes once
	@$(PYTHON) ci/tools.py all

unit: venv ## the fast tests: unit, golden, contracts
	@pytest -n 2 --dist loadgroup tests/unit tests/golden tests/contracts

lint: venv ## ruff, mypy, import layers
	@python ci/parts.py lint

test: venv ## everything that needs no cluster: lint, all tests, chart suites, kubeconform, the local pair
	@python ci/parts.py test

test-z2jh: venv ## the hub suite over a real chart of zero-to-jupyterhub: Z2JH_CHART=<folder or archive>
	@test -n "$(Z2JH_CHART)" || { echo "make test-z2jh Z2JH_CHART=<folder or archive of the chart>" >&2; exit 2; }
	@Z2JH_CHART="$(Z2JH_CHART)" pytest -n 2 --dist loadgroup tests/releases/real_chart.py tests/releases/real_spawns.py

e2e: venv ## the chart on a real cluster, which is started and ended; KUBECONFIG=... uses yours
	@KUBECONFIG="$(KUBECONFIG)" VALUES="$(VALUES)" python -m ci.e2e

soak: venv ## twenty rounds of kills on a cluster instead of three, and 1,000 users in place of 100
	@KUBECONFIG="$(KUBECONFIG)" VALUES="$(VALUES)" KERNELPAIR_ROUNDS=20 KERNELPAIR_USERS=1000 \
	  python -m ci.e2e survival storm

screenshots: venv ## take the pictures in docs/images anew, in a browser on a cluster
	@shots=$$(mktemp -d); trap 'rm -r "$$shots"' EXIT; \
	KUBECONFIG="$(KUBECONFIG)" VALUES="$(VALUES)" KERNELPAIR_SCREENSHOTS="$$shots" python -m ci.e2e browser; \
	for picture in docs/images/*.png; do cp "$$shots/$${picture##*/}" "$$picture"; done

golden: venv ## write the expected files of the golden cases anew; review the diff
	@KERNELPAIR_UPDATE_GOLDEN=1 pytest tests/golden

generate: venv ## write the generated files anew: the chart's schema, tables in the docs, copies
	@python -m ci.generate

demo: venv ## run the rendered pair on this machine; LAB=1 keeps it up for a browser
	@LAB="$(LAB)" python -m tests.localpod.demo

bench: venv ## compare speed and memory with kustomize, Helm and a bare Python
	@python -m bench

bundle: venv ## make the gateway's bundle and its archive, in the cache; ARCH=aarch64, OUT=FOLDER
	@python -m ci.bundle build $(if $(ARCH),--arch $(ARCH)) $(if $(OUT),--out $(OUT))

lock: ## pin what ci/requirements/*.in name, with hashes; UPGRADE=1 takes the newest versions
	@uv=$$($(PYTHON) ci/tools.py path uv); cd ci/requirements; for wanted in *.in; do \
	  echo "lock: $$wanted"; \
	  "$$uv" pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
	    --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) "$$wanted" --output-file "$${wanted%.in}.txt"; \
	done

clean: ## remove .venv and what tools leave in the checkout; the cache of built tools stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
