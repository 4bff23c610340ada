# make alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help build install demo test boot lint soak bench golden clean

GO ?= go
STATICCHECK ?= $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
export CGO_ENABLED ?= 0
# HTTP/2 would be a 40th of the program, for peers that need none.
RELEASE = -tags nethttpomithttp2 -trimpath -ldflags "-s -w"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  make boot RUN=NAME runs one scenario; ROOT=DIR boots the system in that directory, made by debootstrap'

build: ## build dist/montimer
	$(GO) build $(RELEASE) -o dist/montimer ./cmd/montimer

PREFIX ?= /usr/local
install: ## install dist/montimer, its manual and completions below PREFIX (/usr/local); DESTDIR for packages
	install -D -t $(DESTDIR)$(PREFIX)/bin dist/montimer
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/montimer.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/man/jobs.yaml.5 docs/man/montimer-config.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man7 docs/man/montimer-units.7
	install -D -m 644 deploy/completions/montimer.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/montimer

demo: build ## jobs.yaml, its units, its next runs; as root also booted until they have ticked
	deploy/demo.sh dist/montimer

test boot: export MONTIMER_BINARY = $(CURDIR)/dist/montimer

test: build ## run the tests; what needs root or a tool skips with the reason
	$(GO) test -parallel 4 ./...
	cd difftest && $(GO) test -parallel 4 ./...

boot: export MONTIMER_BOOT_ROOT = $(ROOT)
boot: export ATTACKS ?=
boot: build ## as root: run the scenarios of testdata/boot, each in a systemd that has just booted
	@test -z '$(RUN)' || test -f 'testdata/boot/$(RUN).sh' || { echo 'no scenario $(RUN)'; exit 1; }
	$(GO) test ./cmd/montimer -count 1 -timeout $(if $(MONTIMER_SOAK),6h,30m) -parallel 6 -v -run 'TestBooted/^($(or $(RUN),.*))$$'

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w'; exit 1; }
	$(GO) vet ./...
	cd difftest && $(GO) vet ./...
	$(STATICCHECK) ./...
	cd difftest && $(STATICCHECK) ./...

soak: ## the long runs: every corpus, every seed, ten minutes of each fuzz target
	MONTIMER_SOAK=1 $(GO) test -timeout 60m ./...
	cd difftest && MONTIMER_SOAK=1 $(GO) test -timeout 60m ./...
	MONTIMER_SOAK=1 $(MAKE) boot
	deploy/fuzz.sh 10m

bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

golden: ## rewrite the golden files from what the code does now
	$(GO) test ./compiler ./internal/jobs ./internal/notify ./internal/tick -update
	$(GO) test ./cmd/montimer -run 'Script|Manual' -update

clean: ## remove what was built
	rm -rf dist
