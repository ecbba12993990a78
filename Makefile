# What .ci/run checks, in parts. `make` alone lists the targets.

export GOTOOLCHAIN = auto

FUZZTIME ?= 5s

.PHONY: help test lint bench bench-smoke fuzz cover api generate fmt tidy

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## Run the tests of the library and of the examples
	GOTOOLCHAIN=auto go test ./... ./examples/...

lint: ## Vet and lint every module, check that generated code and go.mod files are up to date, and the house rules
	scripts/lint.sh
	scripts/generate.sh -diff
	scripts/tidy.sh -diff
	go test ./internal/house

bench: ## Run all Go benchmarks
	GOWORK=off go test -run '^$$' -bench . -benchmem ./...
	cd bench && GOWORK=off go test -run '^$$' -bench . -benchmem ./...

bench-smoke: ## Run each comparison with peers once, as a test; it writes nothing
	scripts/bench.sh -smoke

bench-%: ## Run one comparison (bench-chain, bench-http, …) and write its results
	cd bench && GOWORK=off go run ./$*

bench-balance: ## Simulate how calls are best spread, and write the results
	cd bench && GOWORK=off go test ./balance -run TestReport -update -timeout 1h

fuzz: ## Run each fuzz target for FUZZTIME (default 5s)
	scripts/fuzz.sh $(FUZZTIME)

cover: ## Write cover.out and print the coverage of each function and the total
	GOWORK=off go test -coverpkg=./... -coverprofile=cover.out ./...
	GOWORK=off go tool cover -func=cover.out

api: ## Rewrite the golden texts of the public API
	go test ./internal/house -run TestAPI -update

generate: ## Rewrite the Go code of messages and stubs from the .proto files
	scripts/generate.sh

fmt: ## Format the code of every module
	GOWORK=off go tool -modfile=tools/go.mod golangci-lint fmt

tidy: ## Tidy go.mod and go.sum of every module
	scripts/tidy.sh
