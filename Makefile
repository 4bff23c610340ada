# make alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help build install release deb demo test boot lint soak bench golden clean

GO ?= go
STATICCHECK ?= $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
export CGO_ENABLED ?= 0

# What the program says of itself, and the time of all files that are made: those of
# the commit, so that the same commit makes the same bytes. VERSION=1.2.3 sets another.
SOURCE := $(shell deploy/version.sh)
export VERSION ?= $(word 1,$(SOURCE))
export COMMIT ?= $(word 2,$(SOURCE))
export SOURCE_DATE_EPOCH ?= $(word 3,$(SOURCE))
STAMP = -X github.com/montimer/montimer.version=$(VERSION) -X github.com/montimer/montimer.commit=$(COMMIT)
# HTTP/2 would be a 40th of the program, for peers that need none.
RELEASE = -tags nethttpomithttp2 -trimpath -buildvcs=false -ldflags "-s -w $(STAMP)"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  make boot RUN=NAME runs one scenario; ROOT=DIR boots the system in that directory, made by debootstrap'

BINARY ?= dist/montimer
build: ## build dist/montimer
	$(GO) build $(RELEASE) -o $(BINARY) ./cmd/montimer

PREFIX ?= /usr/local
share = $(DESTDIR)$(PREFIX)/share
# Where zsh and fish look for completions: those of packages, and those of administrators.
zsh = $(share)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)/_montimer
# A package has its own file there, which dpkg compares with what the administrator has.
needrestart = $(DESTDIR)/etc/needrestart/conf.d/montimer$(if $(filter /usr,$(PREFIX)),,-local).conf

install: ## install dist/montimer and all that belongs to it below PREFIX (/usr/local); DESTDIR for packages
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(BINARY)
	set -e; for page in docs/man/*.[157]; do install -D -m 644 -t $(share)/man/man$${page##*.} $$page; done
	install -D -m 644 deploy/completions/montimer.bash $(share)/bash-completion/completions/montimer
	install -D -m 644 deploy/completions/_montimer $(zsh)
	install -D -m 644 -t $(share)/fish/vendor_completions.d deploy/completions/montimer.fish
	$(if $(wildcard deploy/install.sh),install -D -m 755 -t $(share)/montimer deploy/install.sh)
	$(if $(wildcard README.md),install -D -m 644 -t $(share)/doc/montimer $(wildcard README.md CHANGELOG.md LICENSE))
	install -D -m 644 -t $(share)/doc/montimer/docs docs/*.md
	install -D -m 644 deploy/needrestart.conf $(needrestart)

release: ## make dist/release: tarballs, .debs, SBOMs and SHA256SUMS for amd64 and arm64
	deploy/release.sh dist/release amd64 arm64

deb: ## make dist/montimer_VERSION_ARCH.deb for this machine
	deploy/release.sh --deb dist

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
