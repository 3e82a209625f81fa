# Two commands do everything on a fresh machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
CARGO ?= cargo
PROFILE ?= release
IMAGE ?=
IMAGES ?=

.PHONY: help setup build servers demo test bench api lint deny

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: ## Install what building and testing need, where it is missing (Debian, Ubuntu)
	@deploy/setup

# What one command builds is built once; features of dependencies differ between commands.
PROGRAMS := -p clair -p clairctl --bins
SERVERS := -p clair-testing --example with_servers
MEASURES := -p clair-vulndb --example bench_open --example bench_lookup \
	-p clair-matching --example bench_report -p clair-store --example bench_store

build: setup ## Build clair and clairctl
	$(CARGO) build --profile $(PROFILE) --locked $(PROGRAMS)

servers: setup
	$(CARGO) build --profile $(PROFILE) --locked $(PROGRAMS) $(SERVERS)

# Who tries it does not wait for the optimiser, which takes most of the time of a release.
demo: PROFILE = dev
demo: export BIN = $(or $(CARGO_TARGET_DIR),target)/debug
demo: servers ## Scan a small real image, with and without the services
	@deploy/demo $(IMAGE)

test: setup lint ## Check format and lints, and run all tests
	CI=$${CI:-} $(CARGO) test --locked --workspace --no-fail-fast

bench: setup ## Measure against yardsticks in the same run: make bench IMAGES=DIR
	$(CARGO) build --profile $(PROFILE) --locked $(PROGRAMS) $(SERVERS) $(MEASURES)
	@deploy/bench $(IMAGES)
	@deploy/bench-suite $(IMAGES)
	@deploy/bench-feeds

api: servers ## Check the API against its OpenAPI document (installs schemathesis from PyPI)
	@deploy/check-api

lint: ## Check format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: ## Check licences and bans of dependencies (needs cargo-deny)
	$(CARGO) deny check bans licenses sources
