# Everything here works on a fresh Debian machine with Go, as root: what the lab needs
# (QEMU, a kernel package that is unpacked and not installed, ipvsadm, …) it gets by
# itself. See docs/lab.md.

export CGO_ENABLED := 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command.version=$(VERSION)
LAB     := $(CURDIR)/bin/lvslab
LINT    := $(CURDIR)/bin/golangci-lint
LINTVER := v2.15.0

# Packages with tests that need a kernel with IPVS. They run in the lab.
KERNEL  := ./provider ./provider/ipvs ./cmd/lvsctl ./cmd/lvsctl/internal/host ./cmd/lvslab/topo

.PHONY: all build demo test test-unit test-kernel check lint fuzz clean bin/lvsctl bin/lvslab

all: build

build: bin/lvsctl

bin/lvsctl:
	go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/lvsctl

bin/lvslab:
	go build -trimpath -o $@ ./cmd/lvslab

# The first hour's demo, in a guest with a kernel that has IPVS.
demo: bin/lvsctl bin/lvslab
	@[ -t 1 ] && export COLOR=always; LVSCTL=$(CURDIR)/bin/lvsctl LVSLAB_BIN=$(LAB) $(LAB) run $(CURDIR)/examples/demo.sh

# Everything: what needs no kernel, with the race detector, and what does, in the lab.
test: test-unit test-kernel

test-unit: bin/lvslab
	$(LAB) setup
	CGO_ENABLED=1 go test -race ./...

test-kernel: bin/lvslab
	go test -exec '$(LAB) run' $(KERNEL)

# What a reviewer should not have to look for. The import arrows are a test.
check: lint
	go mod tidy -diff
	go vet ./...
	GOOS=darwin go vet ./...
	go test -run Arrows ./planner
	bin/lvsctl fmt --check examples/*/

lint: $(LINT) bin/lvsctl
	$(LINT) fmt --diff
	$(LINT) run

$(LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTVER)

# A minute for each fuzzer; FUZZTIME=10m for more.
FUZZTIME ?= 1m
fuzz:
	@set -e; go test -list '^Fuzz' ./... | awk '/^Fuzz/ {f[n++]=$$1} /^ok/ {for (i=0;i<n;i++) print $$2, f[i]; n=0}' | \
	while read -r pkg name; do echo "== $$pkg $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$pkg"; done

clean:
	rm -rf bin
