# Two commands do everything on a fresh machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
CARGO ?= cargo
IMAGE ?=
IMAGES ?=

.PHONY: help setup build demo test bench lint deny

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: ## Install what building and testing need, where it is missing (Debian, Ubuntu)
	@deploy/setup

build: setup ## Build clairctl
	$(CARGO) build --release --locked -p clairctl

demo: build ## Make a small real image, fetch advisories, and print what is vulnerable
	@deploy/demo $(IMAGE)

test: setup lint ## Check format and lints, and run all tests
	CI=$${CI:-} $(CARGO) test --locked --workspace --no-fail-fast

bench: build ## Measure against yardsticks in the same run: make bench IMAGES=DIR
	$(CARGO) build --release --locked -p clair-vulndb --example bench_open
	@deploy/bench $(IMAGES)

lint: ## Check format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: ## Check licences and bans of dependencies (needs cargo-deny)
	$(CARGO) deny check bans licenses sources
