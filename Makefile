# make alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help build demo test lint soak bench golden clean

GO ?= go
STATICCHECK ?= $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
export CGO_ENABLED ?= 0
# HTTP/2 would be a 40th of the program, for peers that need none.
RELEASE = -tags nethttpomithttp2 -trimpath -ldflags "-s -w"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build dist/montimer
	$(GO) build $(RELEASE) -o dist/montimer ./cmd/montimer

demo: build ## jobs.yaml, its units, its next runs; as root also booted until they have ticked
	deploy/demo.sh dist/montimer

test: ## run the tests; what needs root or a tool skips with the reason
	$(GO) test -parallel 4 ./...
	cd difftest && $(GO) test -parallel 4 ./...

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w'; exit 1; }
	$(GO) vet ./...
	cd difftest && $(GO) vet ./...
	$(STATICCHECK) ./...
	cd difftest && $(STATICCHECK) ./...

soak: ## the long runs: every corpus, every seed, ten minutes of each fuzz target
	MONTIMER_SOAK=1 $(GO) test -timeout 60m ./...
	cd difftest && MONTIMER_SOAK=1 $(GO) test -timeout 60m ./...
	deploy/fuzz.sh 10m

bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

golden: ## rewrite the golden files from what the code does now
	$(GO) test ./compiler ./internal/jobs ./internal/notify -update
	$(GO) test ./cmd/montimer -run 'Script|Manual' -update

clean: ## remove what was built
	rm -rf dist
