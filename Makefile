# SPDX-License-Identifier: Apache-2.0
#
# `make` lists the targets. Building, testing and the demo need Go and nothing
# else; the other tools are built from pinned Go modules on first use, into
# CACHE_DIR, never into the checkout.

SHELL       := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kdz-operator
BIN_DIR   ?= bin
VERSION   ?= $(shell git describe --tags --always --dirty --match 'v*' 2>/dev/null || echo unknown)
IMAGE     ?= kdz-operator:$(VERSION)

# The second module holds the embedded control plane. Its dependencies (all of
# Kubernetes) stay out of the operator's.
# It is checked with the flags that it is built with, so that one build serves
# both.
NESTED := hack/controlplane
NESTED_GO := cd $(NESTED) && GOWORK=off GOFLAGS= CGO_ENABLED=0 go

# The race detector needs cgo, and cgo a C compiler; `go env` knows whether
# there is one.
RACE      ?= $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
# Of one package. Those that start an API server are the slow ones.
TEST_TIMEOUT ?= 30m
TEST_ARGS ?=
# How long each fuzz target runs.
FUZZTIME  ?= 30s
# Packages that run with the race detector: those whose goroutines are the
# product's. Judges know no other goroutine, and of the processes that the other
# packages start it would see nothing.
RACED = $(shell go list ./controllers/... ./internal/... | grep -v /internal/judge/)
# The end-to-end tests wait most of the time: for each other, and for the rest.
PARALLEL ?= 6
# What tests are built with: nobody debugs them with what the linker would write
# for that, and go vet is part of `make lint`.
TEST_FLAGS := -ldflags '-s -w' -vet=off -timeout $(TEST_TIMEOUT)

include hack/tools.mk

##@ Use

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][-a-z]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Run the Mainz catalogue on a real API server, with a lab to watch (ARGS=--once: settle, print, exit)
	go run ./hack/demo $(ARGS)

.PHONY: build
build: ## Build static binaries of every command into bin/
	mkdir -p $(BIN_DIR)
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN_DIR)/ ./cmd/...

.PHONY: image
image: ## Build the container image (docker or podman; IMAGE=name:tag)
	hack/image.sh build '$(IMAGE)' '$(VERSION)'

##@ Test

.PHONY: test
test: controlplane test-servers ## Run all tests: unit, API server and end to end (TEST_ARGS='-run X ./internal/...')
ifneq ($(TEST_ARGS),)
	go test $(RACE) -timeout $(TEST_TIMEOUT) $(TEST_ARGS)
else
	$(NESTED_GO) test -trimpath ./...
	go test $(RACE) $(TEST_FLAGS) $(RACED)
	go test $(TEST_FLAGS) -parallel $(PARALLEL) $(filter-out $(RACED),$(shell go list ./...))
endif

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME, one after the other
	hack/fuzz.sh '$(FUZZTIME)'

.PHONY: test-servers
test-servers: ## Install the real servers that tests run against, if they are missing (Debian, as root)
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  hack/install-test-servers.sh; \
	else \
	  echo "test servers: installing them needs apt-get and root; a test that misses one names it (sudo hack/install-test-servers.sh)"; \
	fi

.PHONY: bench
bench: controlplane test-servers ## Measure against limits and peers, and write docs/benchmarks.md (ARGS='-rows http')
	go run ./test/bench $(ARGS)

.PHONY: controlplane
controlplane: ## Build the embedded control plane into the cache (first time: minutes)
	go run ./internal/controlplane/prebuild

##@ Change

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate deep copies and appliers from the API types
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Generate CRDs and the operator's role from markers
	rm -f config/crd/bases/*.yaml
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=operator paths=./controllers/... output:rbac:dir=config/rbac

.PHONY: rules
rules: ## Write config/prometheus/rules.yaml from the PrometheusRule
	go run ./hack/rules

.PHONY: chart
chart: $(KUSTOMIZE) ## Render the chart's templates from config/
	go run ./hack/chart -kustomize $(KUSTOMIZE) render

.PHONY: catalogue
catalogue: ## Generate config/samples/mainz from its CSV files
	go run ./hack/catalogue

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code
	$(GOLANGCI_LINT) fmt

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check style, import rules and API conventions
	$(GOLANGCI_LINT) run

.PHONY: fix
fix: $(GOLANGCI_LINT) ## Format, and mend what the linter can mend by itself
	$(GOLANGCI_LINT) run --fix

.PHONY: clean
clean: ## Remove what was built in the checkout (the cache stays)
	rm -rf bin dist

##@ Verify

.PHONY: verify
verify: verify-scripts verify-modules vet lint verify-layout verify-generated verify-catalogue verify-chart verify-image ## Check everything that is not a test

.PHONY: vet
vet: ## go vet, all modules
	go vet ./...
	$(NESTED_GO) vet -trimpath ./...

.PHONY: verify-scripts
verify-scripts: ## Shell scripts parse (and pass shellcheck where it is installed)
	hack/verify-scripts.sh

.PHONY: verify-modules
verify-modules: ## go.mod and go.sum are tidy, all modules
	go mod tidy -diff
	$(NESTED_GO) mod tidy -diff

.PHONY: verify-layout
verify-layout: ## PROJECT, CRDs, roles, headers and package comments fit together
	go test ./hack/layout

.PHONY: verify-generated
verify-generated: $(CONTROLLER_GEN) $(KUSTOMIZE) ## generate, manifests, rules and chart would change nothing
	hack/verify-generated.sh generate manifests rules chart

.PHONY: verify-catalogue
verify-catalogue: ## The catalogue is what its CSV files say
	go run ./hack/catalogue -check

.PHONY: verify-chart
verify-chart: $(KUSTOMIZE) $(HELM) ## The chart lints, and installs what config/default and config/policy hold
	go run ./hack/chart -kustomize $(KUSTOMIZE) -helm $(HELM) verify

.PHONY: verify-image
verify-image: ## The image's binary is static and starts in an empty root
	hack/image.sh verify

##@ Tools

