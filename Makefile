# "make help" lists the targets. Nothing here writes into the repository but
# "make generate" and "make fmt".

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all

GO ?= go
# With RETRY=1 tests that fail are run once more, as CI does: see .ci/retry.
RETRY ?=
# $(call test,PACKAGES,FLAGS)
test = $(if $(RETRY),.ci/retry "$(1)" $(2),$(GO) test $(2) $(1))
# How long each fuzz target runs in "make fuzz".
FUZZTIME ?= 30s
# The systems that "make cross" builds for.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: all
all: lint test ## check the style and run the tests

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: test
test: ## run the tests that need nothing but Go
	$(GO) test ./...

.PHONY: race
race: ## run them with the race detector
	$(call test,./...,-race -timeout 6m)

.PHONY: jsonv2
jsonv2: ## run them with the JSON package of the next Go in the standard library
	GOEXPERIMENT=jsonv2 $(GO) vet ./...
	export GOEXPERIMENT=jsonv2; $(call test,./...,-timeout 6m)

.PHONY: bench
bench: ## run each benchmark once, so that none of them rots
	$(GO) test -run '^$$' -bench . -benchtime 1x -benchmem ./...

# Flags of compare: go run -C compare . -help
COMPARE ?=

.PHONY: compare
compare: ## measure DASF beside what else one could use; COMPARE="-peers" adds Pulsar and demessaging
	$(GO) run -C compare . $(COMPARE)

# Where "make profile" writes the CPU profiles of broker, backend and client.
PROFILES ?= profiles

.PHONY: profile
profile: ## write CPU profiles of the processes that pass small calls into PROFILES
	$(GO) run ./cmd/dasf bench --payload 100 --in-flight 64 --rounds 1 --duration 5 --profile $(PROFILES)
	@echo "go tool pprof -top $(PROFILES)/broker.pprof, or backend, or client"

.PHONY: crash
crash: ## kill a durable broker 100 times under load, and account for every message
	$(GO) test -count=1 -run '^TestKilledBrokersLoseNothing$$' -v ./broker -crashes 100

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

.PHONY: lint
lint: lint-format lint-vet lint-static lint-tidy ## gofmt, go vet, staticcheck, go mod tidy

.PHONY: lint-format
lint-format:
	@unformatted=$$(gofmt -l .); \
	if [[ -n $$unformatted ]]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi

.PHONY: lint-vet
lint-vet:
	$(GO) vet -tags interop ./...
	$(GO) -C compare vet ./...

.PHONY: lint-static
lint-static:
	"$$($(GO) -C tools tool -n staticcheck)" -tags interop ./...
	staticcheck="$$($(GO) -C tools tool -n staticcheck)"; cd compare; "$$staticcheck" ./...

.PHONY: lint-tidy
lint-tidy:
	$(GO) mod tidy -diff
	$(GO) -C tools mod tidy -diff
	$(GO) -C compare mod tidy -diff

.PHONY: fmt
fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

.PHONY: cross
cross: ## build and vet for each of PLATFORMS, without cgo
	@for platform in $(PLATFORMS); do \
		echo "build and vet $$platform"; \
		export GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0; \
		$(GO) build ./...; \
		$(GO) vet -tags interop ./...; \
	done

.PHONY: generate
generate: ## make the generated files again
	$(GO) generate ./...

.PHONY: generated
generated: ## check that making them again changes nothing
	.ci/generated

.PHONY: peers
peers: ## install what the interop tests run against into DASF_PEERS_CACHE
	$(GO) run ./internal/interop/install

.PHONY: interop
interop: ## run the tests against the peers, which must be installed
	$(call test,./internal/interop/...,-tags interop -count=1 -timeout 15m -parallel 4)
	$(GO) test -tags interop -run '^$$' -bench . -benchtime 1x -timeout 5m ./internal/interop

.PHONY: faults
faults: ## break brokers, backends and networks, and account for each request; needs the peers
	$(call test,./internal/faults,-tags interop -count=1 -parallel 3 -timeout 18m)

.PHONY: soak
soak: ## the same calls for hours: a million on the embedded broker; needs the peers
	$(GO) -C internal/faults test -tags interop -count=1 -parallel 1 -timeout 12h -run TestSoak \
		-soak.embedded 1000000 -soak.pulsar 100000 -soak.django 2000
