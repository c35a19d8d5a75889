# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

# Which kernel to build the module for; see tools/build-module.
KERNEL ?=
# One stage of `make test`; see tools/test.
STAGE ?=
# How much `make fuzz`, `make fuzz-readers` (for each reader) and `make soak` do, and the seed that
# repeats a run of the first and the last.
CALLS ?= 1000000
SECONDS ?= 600
SOAK_SECONDS ?= 300
SEED ?=
# Where `make docs` writes.
DOCS ?= build/docs
# How often `make locks` runs each lock test, and for how long it looks at the load alone.
ROUNDS ?= 20
LOAD_SECONDS ?= 180
# Where `make install` puts things, and the folder that stands for / while a package is made.
PREFIX ?= /usr/local
DESTDIR ?=
# SwiftPM's own folder.
SCRATCH ?= .build

SWIFT := $(or $(shell command -v swift),$(wildcard /opt/swift/usr/bin/swift),swift)
SWIFT_PRODUCTS := ucli userstack helloworld conditions
SWIFT_SOURCES := Package.swift $(shell find Sources testcase -type f ! -path 'testcase/c/*')
ABI := Sources/CVariableMonitor/include
C_PROGRAMS := $(patsubst testcase/c/%.c,build/%-c,$(wildcard testcase/c/*.c))
BENCHMARKS := $(addprefix build/benchmarks/,loop breakpoint parents waiters read_stacks)
C_FLAGS := -O2 -g -fomit-frame-pointer -Wall -Wextra -Werror -I$(ABI)

.PHONY: all kmod programs swift testcase-c man completions install docs setup demo test bench bench-module bench-reports fuzz fuzz-readers soak locks clean help

all: kmod programs ## the module and all programs

kmod: ## the module, for the running kernel or the guest's; KERNEL=<release, header folder, stock, 5.10 …>
	@folder=$$(tools/build-module $(KERNEL)) && \
	(cd $$folder && find . -name '*.ko' | cpio --quiet -pdmu $(CURDIR)/kmod) && \
	echo "kmod/variable_monitor.ko is for kernel $${folder##*/}, $$( \
	    [ "$${folder##*/}" = "$$(uname -r)" ] && echo the running one || echo not the running one)"

programs: swift testcase-c build/ioctl_fuzz
	@$(MAKE) -C Tests/guest/subjects

swift: $(addprefix build/,$(SWIFT_PRODUCTS)) ## build/ucli, build/userstack, build/helloworld, build/conditions
	@:

testcase-c: $(C_PROGRAMS) ## build/userstack-c, build/helloworld-c, build/hptest-c
	@:

# One build of all products. It is only started when a source is newer than its
# last copies, for SwiftPM needs seconds to find that nothing is to be done.
$(addprefix build/,$(SWIFT_PRODUCTS)) &: $(SWIFT_SOURCES)
	@command -v $(SWIFT) >/dev/null && pkg-config --exists libelf libunwind-generic || \
	{ echo "Swift, pkg-config, libelf or libunwind is missing: run make setup" >&2; exit 1; }
	@mkdir -p build
	UCLI_STATIC=1 $(SWIFT) build -c release --static-swift-stdlib -Xswiftc -cross-module-optimization --scratch-path $(SCRATCH)
	@for product in $(SWIFT_PRODUCTS); do install $(SCRATCH)/release/$$product build/; done

build/%-c: testcase/c/%.c $(wildcard $(ABI)/*.h)
	@mkdir -p build
	gcc $(C_FLAGS) -o $@ $<

build/ioctl_fuzz: $(wildcard Tests/fuzz/*.[ch] $(ABI)/*.h)
	@$(MAKE) -C Tests/fuzz

man: build/man/ucli.1 ## build/man, the manual pages of ucli, from its source
	@:

# SwiftPM's own command would build all programs once more, with other options.
build/man/ucli.1: build/ucli tools/manual.awk
	$(SWIFT) build --scratch-path $(SCRATCH) --product generate-manual
	@mkdir -p build/man/raw
	$(SCRATCH)/debug/generate-manual build/ucli --multi-page --output-directory build/man/raw
	@for page in build/man/raw/*.1; do awk -f tools/manual.awk $$page >build/man/$${page##*/} || exit; done

completions: $(addprefix build/completions/ucli.,bash zsh fish) ## build/completions, for bash, zsh and fish
	@:

build/completions/ucli.%: build/ucli
	@mkdir -p build/completions
	build/ucli --generate-completion-script $* >$@

install: build/ucli man completions ## ucli, its manual and completions, the C headers; PREFIX=<folder>, DESTDIR=<folder>
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin build/ucli
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 build/man/*.1
	install -D -m 644 build/completions/ucli.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ucli
	install -D -m 644 build/completions/ucli.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ucli
	install -D -m 644 build/completions/ucli.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ucli.fish
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/variable-monitor $(ABI)/*.h

# The tools that come with Swift lie beside it.
docs: ## build/docs, the documentation of the Swift library; a warning fails it
	@mkdir -p $(DOCS)/symbols
	$(dir $(realpath $(SWIFT)))swiftc -emit-module -module-name VariableMonitor -swift-version 6 -parse-as-library \
	    -I $(ABI) -emit-symbol-graph -emit-symbol-graph-dir $(DOCS)/symbols \
	    -o $(DOCS)/symbols/VariableMonitor.swiftmodule Sources/VariableMonitor/*.swift
	$(dir $(realpath $(SWIFT)))docc convert Sources/VariableMonitor/VariableMonitor.docc \
	    --additional-symbol-graph-dir $(DOCS)/symbols --output-path $(DOCS)/VariableMonitor.doccarchive \
	    --fallback-display-name VariableMonitor --fallback-bundle-identifier VariableMonitor \
	    --analyze --warnings-as-errors

setup: ## installs what building and testing need
	@tools/setup

demo: ## boots a guest and shows a report of the userstack testcase
	@tools/demo

test: ## runs every test; STAGE=<name> runs one stage
	@tools/test $(STAGE)

bench: bench-module bench-reports ## both of the following

bench-module: $(BENCHMARKS) build/ucli ## what a tick and a dump cost, in instructions, beside the alternatives
	@tools/vm --icount --memory 4G --timeout 3000 -- /usr/bin/python3 -u Benchmarks/module/run

bench-reports: build/ucli build/benchmarks/deep ## ucli beside perf script, hotspot-perfparser, eu-stack and gdb
	@/usr/bin/python3 -u Benchmarks/reports/run

# Static: what is measured waits for no file.
build/benchmarks/loop: Benchmarks/module/poll_thread.c
build/benchmarks/%: Benchmarks/module/%.c $(wildcard Benchmarks/module/*.h $(ABI)/*.h)
	@mkdir -p build/benchmarks
	gcc $(C_FLAGS) -static -o $@ $(filter %.c,$^)

build/benchmarks/deep: Benchmarks/reports/deep.c
	@mkdir -p build/benchmarks
	gcc $(C_FLAGS) -pthread -o $@ $<

# A million calls take hours where the emulator shares its CPUs with other work.
fuzz: ## fuzzes the module in the debug kernel: a million calls; CALLS=<number>, SEED=<number>
	@tools/vm --kernel debug --results build/fuzz --timeout 43200 -- Tests/fuzz/fuzz.py --calls $(CALLS) $(SEED:%=--seed %)

fuzz-readers: ## fuzzes all that reads foreign bytes, 10 minutes for each reader; SECONDS=<number>
	@tools/fuzz-readers $(SECONDS)

soak: ## processes live and die under watches for 5 minutes; SOAK_SECONDS=<number>, SEED=<number>
	@tools/vm --results build/soak --timeout $$(($(SOAK_SECONDS) + 300)) -- \
	    Tests/soak/soak.py --seconds $(SOAK_SECONDS) $(SEED:%=--seed %)

locks: ## each lock test 20 times under load, on three kernels: what ucli locks says; ROUNDS=<number>
	@set -e; for kernel in 5.10 stock 6.12; do echo "==== kernel $$kernel"; \
	tools/vm --kernel $$kernel --results build/locks/$$kernel --timeout $$(($(LOAD_SECONDS) + 300 * $(ROUNDS) + 300)) -- \
	    Tests/locks/rounds.py --rounds $(ROUNDS) --seconds $(LOAD_SECONDS); done

clean: ## removes everything built; the cache of kernels stays
	rm -rf build $(SCRATCH) .build-tests .build-fuzz-readers
	find kmod -name '*.ko' -delete

help: ## this list
	@echo "make [target]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1: /p' $(MAKEFILE_LIST) | sed 's/: /\t/' | expand -t 16
