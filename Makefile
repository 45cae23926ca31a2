# The doors of this repository. `make serve` and `make test` are all that a new machine needs.

DATA   ?= .berth
DOMAIN ?= localhost
LISTEN ?= 127.0.0.1:8080
SWIFT  ?= swift

# Targets may import only those targets that Package.swift lists for them. Costs seconds a build, so `serve` does without.
CHECKED := --explicit-target-dependency-import-check error

# Tests run with the checks of exclusive access; in release builds they cost some 3 % (docs/decisions/0007).
RELEASE := -c release -Xswiftc -enforce-exclusivity=unchecked

.DEFAULT_GOAL := help
.PHONY: help serve test build lint fmt bench clean

help:
	@echo 'make serve   install what is missing, build, run berthd (DATA=$(DATA) DOMAIN=$(DOMAIN) LISTEN=$(LISTEN))'
	@echo 'make test    the same set-up, then every test'
	@echo 'make build   debug build of everything'
	@echo 'make lint    formatting and style; make fmt mends what it can'
	@echo 'make bench   measure, and write docs/BENCHMARKS.md'
	@echo 'make clean   remove what was built (never data)'

serve:
	@scripts/bootstrap
	$(SWIFT) build $(RELEASE)
	exec .build/release/berthd serve --data '$(DATA)' --domain '$(DOMAIN)' --listen '$(LISTEN)'

test:
	@scripts/bootstrap --with tests
	$(SWIFT) build $(CHECKED) --build-tests
	@scripts/run-tests

build:
	@scripts/bootstrap
	$(SWIFT) build $(CHECKED)

lint:
	@scripts/bootstrap --with tests
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests
	@scripts/check-scripts

fmt:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

bench:
	@scripts/bootstrap --with bench
	$(SWIFT) build $(RELEASE)
	Benchmarks/run.py
	Benchmarks/router.py

clean:
	rm -rf .build
