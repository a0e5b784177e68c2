# SPDX-License-Identifier: Apache-2.0
#
# Every tool that this repository needs besides Go, each with its version,
# once. A tool is built from its Go module on first use, into a cache outside
# the checkout that all checkouts share; the Go version is part of the path,
# since a linter built by an older Go cannot read newer code.

CONTROLLER_GEN_VERSION := v0.23.0
GOLANGCI_LINT_VERSION  := v2.15.0
KUBE_API_LINT_VERSION  := v0.0.0-20260716143926-092fe0c72997
HELM_VERSION           := v4.3.1
KUSTOMIZE_VERSION      := v5.8.1

# What the benchmark compares with.
GATEKEEPER_VERSION     := v3.23.1

TOOLS_DIR := $(CACHE_DIR)/tools/$(shell go env GOVERSION)

CONTROLLER_GEN := $(TOOLS_DIR)/controller-gen-$(CONTROLLER_GEN_VERSION)/controller-gen
GOLANGCI_LINT  := $(TOOLS_DIR)/golangci-lint-$(GOLANGCI_LINT_VERSION)-kal-$(KUBE_API_LINT_VERSION)/golangci-lint
HELM           := $(TOOLS_DIR)/helm-$(HELM_VERSION)/helm
KUSTOMIZE      := $(TOOLS_DIR)/kustomize-$(KUSTOMIZE_VERSION)/kustomize
GATEKEEPER     := $(TOOLS_DIR)/gatekeeper-$(GATEKEEPER_VERSION)/gatekeeper

$(CONTROLLER_GEN):
	hack/install-tool.sh $@ sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN_VERSION)

$(HELM):
	hack/install-tool.sh $@ helm.sh/helm/v4/cmd/helm@$(HELM_VERSION)

$(KUSTOMIZE):
	hack/install-tool.sh $@ sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)

$(GOLANGCI_LINT):
	hack/install-linter.sh $@ $(GOLANGCI_LINT_VERSION) $(KUBE_API_LINT_VERSION)

$(GATEKEEPER):
	CGO_ENABLED=0 hack/install-tool.sh $@ github.com/open-policy-agent/gatekeeper/v3@$(GATEKEEPER_VERSION)

.PHONY: gatekeeper
gatekeeper: $(GATEKEEPER) # prints where it is, and its module and version
	@printf '%s\n' $< github.com/open-policy-agent/gatekeeper/v3@$(GATEKEEPER_VERSION)

.PHONY: tools
tools: $(CONTROLLER_GEN) $(KUSTOMIZE) $(HELM) $(GOLANGCI_LINT) ## Build the pinned tools into the cache (first time: minutes)
	@printf '%s\n' $^
