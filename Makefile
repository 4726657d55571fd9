# Everything here works on a fresh Debian machine with Go, as root: what the lab needs
# (QEMU, a kernel package that is unpacked and not installed, ipvsadm, …) it gets by
# itself. See docs/lab.md.

SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -c
export CGO_ENABLED := 0
export GOAMD64 := v1
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command.version=$(VERSION)
LAB     := $(CURDIR)/bin/lvslab
LINT    := $(CURDIR)/bin/golangci-lint
LINTVER := v2.15.0

# Tests that need a kernel with IPVS. They run in the lab, two guests of one processor at a
# time (where two have to share, two processors each are a fifth slower), the longest
# first: whole sessions (in two halves), random round trips, faults at every step, drivers.
GUESTS  := lab-sessions-d-to-n lab-roundtrip lab-faults lab-sessions-other lab-provider lab-parts
PARTS   := ./provider/ipvs ./provider/nft ./provider/nftrules ./cmd/lvsctl/internal/host ./cmd/lvslab/topo

.PHONY: all build bench soak soak-roundtrip soak-faults steady demo docs test test-unit test-kernel $(GUESTS) check lint fuzz clean bin/lvsctl bin/lvslab

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
	$(LAB) setup
	LVSLAB_CPUS=1 $(MAKE) --no-print-directory -k -j2 $(GUESTS)

IN_LAB := go test -p 1 -timeout 75m -exec '$(LAB) run --timeout 76m'

lab-sessions-d-to-n:
	$(IN_LAB) -run 'TestLab/^[d-n]' ./cmd/lvsctl
lab-sessions-other:
	$(IN_LAB) -skip 'TestFaults|TestLab/^[d-n]' ./cmd/lvsctl
lab-faults:
	$(IN_LAB) -run TestFaults ./cmd/lvsctl
lab-roundtrip:
	$(IN_LAB) ./cmd/lvsctl/internal/roundtrip
lab-provider:
	$(IN_LAB) ./provider
lab-parts:
	$(IN_LAB) $(PARTS)

# A client fetches twenty times a second while a cluster is worked on, and no request may
# fail. It wants a machine that does nothing else.
steady: bin/lvslab
	STEADY=1 go test -count=1 -v -exec '$(LAB) run' -run TestSteady ./cmd/lvsctl

# What lvsctl takes beside ipvsadm and keepalived, and what its parts take, into
# docs/performance.md. It wants a machine for itself, and takes ten minutes where the kernel
# is emulated.
BENCH_PAGE ?= $(CURDIR)/docs/performance.md
BENCHED    := ./schema ./schema/resource ./planner ./state ./provider/ipvs ./cmd/lvsctl/internal/planfile ./cmd/lvsctl/internal/fleet
bench: bin/lvsctl bin/lvslab
	$(LAB) setup
	BENCH=$(BENCH_PAGE) go test -count=1 -v -timeout 29m -exec '$(LAB) run --cpus 1 --timeout 30m --writable $(dir $(BENCH_PAGE))' -run TestKernel ./cmd/lvsctl/internal/bench
	go test -p 1 -run '^$$' -bench '^(BenchmarkObjects|BenchmarkFleet)$$' -benchtime 1x $(BENCHED) | tee bin/bench.txt
	BENCH=$(BENCH_PAGE) BENCH_GO=$(CURDIR)/bin/bench.txt go test -count=1 -run TestGo ./cmd/lvsctl/internal/bench

# What is documented from the code. The environment has no say in it.
docs: bin/lvsctl
	env -u LVSCTL_STATE_DIR bin/lvsctl docs reference >docs/reference.md
	env -u LVSCTL_STATE_DIR bin/lvsctl docs schema >docs/lvsctl.schema.json

# What make test tries in part, in whole; see docs/soak.md. It takes hours.
soak: soak-roundtrip soak-faults

# 3,000 random configurations against the kernel and ipvsadm, 1,000 of them undone, where
# make test has 300 and 100; see docs/soak.md. SEEDS=200-399 for others, fifteen
# configurations a seed.
SEEDS ?= 0-199
soak-roundtrip: bin/lvslab
	ROUNDTRIP_SEEDS=$(SEEDS) go test -v -timeout 179m -exec '$(LAB) run --timeout 180m' -run TestRoundTrip ./cmd/lvsctl/internal/roundtrip | grep -v '^ *=== '

# Faults in every step of applies of every example, by ssh too. EXAMPLE=nat for one example, and
# FAULTS=all for more kinds, also before and after the steps: that takes a day.
FAULTS ?= examples
soak-faults: bin/lvslab
	FAULTS=$(FAULTS) go test -v -timeout 719m -exec '$(LAB) run --timeout 720m' -run 'TestFaults/^$(EXAMPLE)' ./cmd/lvsctl | grep -v '^ *=== '

# What a reviewer should not have to look for. The import arrows are a test, and so is that
# nobody forgot make docs.
check: lint
	go mod tidy -diff
	go vet ./...
	GOOS=darwin go vet ./...
	go test -run Arrows ./planner
	go test -run Docs ./cmd/lvsctl
	bin/lvsctl fmt --check $(wildcard examples/*/*.hcl)

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
