# A newcomer needs two of these: `make demo` and `make test`. Both set themselves up; neither asks for an AWS account.

SHELL := /bin/sh
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= ap-northeast-1
unexport PYTHONDONTWRITEBYTECODE  # or each of the many processes that tests start compiles all of boto3 and moto again

# The first Python from 3.11 on that answers; a shim that exists but does not answer is passed over.
PYTHON ?= $(shell scripts/find_python.sh 3.11)
BIN := .venv/bin
SPEED ?= 60

.PHONY: help demo up test check lab audit chaos build deploy bench lock clean

help:  ## Say what there is.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: .venv/.simulator  ## The main job, here and now: deploy, ask for a cluster, watch it, read Slack.
	@scripts/need.sh curl "the egress probe is a shell script that asks with it"
	@$(BIN)/python -m simulator.demo --speed $(SPEED)

up: .venv/.simulator  ## The simulator, until you stop it; its one line says where it listens.
	@$(BIN)/python -m simulator up --speed $(SPEED)

# Three processes on two cores: each waits now and then for one of its own. Each takes neighbours, for they share a
# network or a simulator; who is done takes from the others' ends.
THREE := -n 3 --dist worksteal
LONG := tests/stories tests/aws tests/chaos  # where they are

test: .venv/.dev  ## All tests but the long ones.
	@scripts/need.sh curl "the egress probe is a shell script that asks with it"
	$(BIN)/pytest $(THREE) -m "not long"

check: .venv/.dev .venv-tools/.done  ## Everything CI runs: style, types, arrows, scanners, build, the long tests, all others.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.:layers/core $(BIN)/lint-imports
	$(BIN)/python -m scripts.rule_book --check
	$(BIN)/python -m scripts.gate
	scripts/build.sh
	$(BIN)/pytest $(THREE) -m long $(LONG)
	$(MAKE) --no-print-directory lab
	$(MAKE) --no-print-directory test

lab: .venv/.dev  ## The probe script among real packets: a private subnet, a NAT and an internet in Linux namespaces.
	$(BIN)/pytest tests/lab

audit: .venv/.dev .venv-audit/.done  ## What is too large for check: checkov on what gets deployed.
	$(BIN)/python -m scripts.gate --audit

chaos: .venv/.dev  ## Races, every fault at every call of a run, and pairs of faults; SEED=... replays a failure.
	@scripts/need.sh curl "the egress probe is a shell script that asks with it"
	case "$(SEED)" in *:*) ;; *) PYTHONPATH=layers/core $(BIN)/python -m tests.races ;; esac
	PYTHONPATH=layers/core $(BIN)/python -m tests.chaos

build: .venv/.simulator .venv-tools/.done  ## sam validate and sam build; needs Python 3.13, the Lambda runtime.
	REQUIRE_BUILD=1 scripts/build.sh

deploy: build  ## sam deploy, into the account your credentials are for.
	.venv-tools/bin/sam deploy --guided

bench: .venv/.dev  ## Figures, as ratios and counts.
	$(BIN)/python -m benchmarks

lock:  ## Resolve the requirements anew; needs uv.
	scripts/lock.sh

clean:  ## Remove what was made here.
	rm -rf .venv .venv-tools .venv-audit .aws-sam .build .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Every pin is in the file, so nothing is resolved here; --no-deps also keeps pip from tripping over extras.
# Most of what comes is never imported: Python compiles the rest as it needs it.
define install
	@test -d $(1) || { test -n "$(PYTHON)" || { scripts/find_python.sh --explain 3.11; exit 1; }; "$(PYTHON)" -m venv $(1); }
	@echo "Installing $(2)"
	@$(1)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-compile --require-hashes --requirement $(2)
	@touch $@
endef

.venv/.simulator: requirements/simulator.txt
	$(call install,.venv,$<)

.venv/.dev: requirements/dev.txt .venv/.simulator
	$(call install,.venv,$<)

.venv-tools/.done: requirements/tools.txt
	$(call install,.venv-tools,$<)

.venv-audit/.done: requirements/audit.txt
	$(call install,.venv-audit,$<)
