# What .ci/run checks, in parts. `make` alone lists the targets.

export GOTOOLCHAIN = auto

FUZZTIME ?= 5s

.PHONY: help test lint bench bench-smoke bench-chain bench-grpc bench-resilience bench-observe fuzz cover api fmt tidy

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## Run the tests of the library and of the examples
	GOTOOLCHAIN=auto go test ./... ./examples/...

lint: ## Vet and lint every module, check that go.mod files are tidy and the house rules
	scripts/lint.sh
	scripts/tidy.sh -diff
	go test ./internal/house

bench: ## Run all Go benchmarks
	GOWORK=off go test -run '^$$' -bench . -benchmem ./...
	cd bench && GOWORK=off go test -run '^$$' -bench . -benchmem ./...

bench-smoke: ## Run the comparisons once, as a test; they write nothing
	cd bench && GOWORK=off go run ./chain -smoke
	cd bench && GOWORK=off go run ./resilience -smoke
	cd bench && GOWORK=off go run ./observe -smoke
	cd bench && GOWORK=off go run ./grpc -smoke

bench-chain: ## Compare chains with those of other libraries, and write the results
	cd bench && GOWORK=off go run ./chain

bench-grpc: ## Compare gRPC with grpc-go and other libraries, and write the results
	cd bench && GOWORK=off go run ./grpc

bench-resilience: ## Compare policies with those of other libraries, and write the results
	cd bench && GOWORK=off go run ./resilience

bench-observe: ## Compare telemetry with that of other libraries, and write the results
	cd bench && GOWORK=off go run ./observe

fuzz: ## Run each fuzz target for FUZZTIME (default 5s)
	scripts/fuzz.sh $(FUZZTIME)

cover: ## Write cover.out and print the coverage of each function and the total
	GOWORK=off go test -coverpkg=./... -coverprofile=cover.out ./...
	GOWORK=off go tool cover -func=cover.out

api: ## Rewrite the golden texts of the public API
	go test ./internal/house -run TestAPI -update

fmt: ## Format the code of every module
	GOWORK=off go tool -modfile=tools/go.mod golangci-lint fmt

tidy: ## Tidy go.mod and go.sum of every module
	scripts/tidy.sh
