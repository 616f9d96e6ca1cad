# make run     install what is missing, build for release, serve on http://127.0.0.1:8080
# make check   install what is missing, run the quick checks, build nothing
# make test    install what is missing, build for debugging, run every test
# make fuzz    run the protocol decoders under libFuzzer for FUZZ_SECONDS (60)
# make cluster three servers, PostgreSQL and HAProxy on this machine: see docs/CLUSTER.md
# make bench   compare a release build with its peers: see Benchmarks/README.md
# make deb     pack a release build as dist/parley_….deb
# make test-release  run some end-to-end tests with a release build
# make test-package  install that package in a Debian without Swift, and try it
# make release the package, its checksums, its SBOM and the changelog's part in dist/
# make format  format the Swift sources
SHELL := /bin/bash
.DEFAULT_GOAL := run

RUN_PACKAGES := libpq-dev libmagic-dev libssl-dev libvips-dev zlib1g-dev pkg-config postgresql
WEB_PACKAGES := nodejs node-react node-react-dom node-csstype node-prop-types node-typescript esbuild terser zopfli
TEST_PACKAGES := curl openssl python3-venv libvips-tools libimage-exiftool-perl ffmpeg poppler-utils chromium clamav-daemon pgbouncer unzip redis-server haproxy nginx
CLUSTER_PACKAGES := haproxy python3
BENCH_PACKAGES := g++ haproxy libssl-dev nodejs openssl python3-venv redis-server libvips-tools libimage-exiftool-perl
DEB_PACKAGES := debhelper dpkg-dev lintian po-debconf
PACKAGE_TEST_PACKAGES := $(DEB_PACKAGES) mmdebstrap curl systemd-container
BENCH_TOOLS := $(addprefix .build/bench/,realtime http broadcast thumbnails)

.PHONY: run check test fuzz bench cluster build web deb test-release test-package release packages test-packages bench-packages format

run: build web/dist/index.html
	@exec .build/release/parley serve

build: packages
	@echo "Building for release (the first time takes about ten minutes)…"
	@swift build -c release --static-swift-stdlib --product parley

check: test-packages .build/venv/installed
	@.ci/check

# The debug build optimizes C: unoptimized scrypt takes ten times as long, and the tests register hundreds of accounts.
test: test-packages web .build/venv/installed
	@echo "Building for debugging (the first time takes about ten minutes)…"
	@swift build --build-tests -Xcc -O2 --explicit-target-dependency-import-check error
	@.ci/imports
	@Tests/run

# What an optimizer breaks shows in no debug build. These tests use most of what runs at once.
test-release: build test-packages web .build/venv/installed
	@PARLEY_BIN_DIR=$(CURDIR)/.build/release .build/venv/bin/python -m pytest -q -p no:cacheprovider -n 3 --dist loadfile \
		Tests/e2e/storage/test_object_tus.py Tests/e2e/test_tus.py Tests/e2e/test_order.py Tests/e2e/test_delivery.py

fuzz: packages
	@PARLEY_FUZZ=1 swift build --scratch-path .build/fuzz --sanitize=fuzzer --product fuzz
	@mkdir -p .build/fuzz/corpus
	@.build/fuzz/debug/fuzz -max_total_time=$${FUZZ_SECONDS:-60} -verbosity=0 -print_final_stats=1 -artifact_prefix=.build/fuzz/ .build/fuzz/corpus

cluster: build web/dist/index.html
	@.ci/install $(CLUSTER_PACKAGES)
	@exec deploy/cluster

bench: bench-packages build $(BENCH_TOOLS) .build/venv/installed-bench
	@.build/venv/bin/python Benchmarks/run

deb: build web/dist/index.html
	@.ci/install $(DEB_PACKAGES)
	@deploy/debian/build

test-package: deb
	@.ci/install $(PACKAGE_TEST_PACKAGES)
	@lintian --fail-on error,warning dist/parley_$$(deploy/debian/version)_*.deb
	@deploy/debian/test

release: deb
	@deploy/debian/release

.build/bench/%: Benchmarks/load/%.cpp $(wildcard Benchmarks/load/*.hpp) | bench-packages
	@mkdir -p $(@D)
	@$(CXX) -std=c++20 -O2 -Wall -Wextra -o $@ $< -lssl -lcrypto

.build/bench/%: Benchmarks/peers/%.c | bench-packages
	@mkdir -p $(@D)
	@$(CC) -O2 -Wall -Wextra -o $@ $< -lcrypto $(PEER_FLAGS)

.build/bench/thumbnails: PEER_FLAGS = $$(pkg-config --cflags --libs vips) -lm

# Builds the web client into the directory where the server looks for it.
web: packages
	@sh web/build.sh

web/dist/index.html: $(shell find web/src web/index.html web/build.sh web/page.mjs web/package.json -type f)
	@sh web/build.sh

packages:
	@.ci/install $(RUN_PACKAGES) $(WEB_PACKAGES)

test-packages:
	@.ci/install $(RUN_PACKAGES) $(WEB_PACKAGES) $(TEST_PACKAGES)

bench-packages:
	@.ci/install $(RUN_PACKAGES) $(BENCH_PACKAGES)

.build/venv/installed-bench: Benchmarks/requirements.txt
	@echo "Installing the Python packages of the benchmark…"
	@python3 -m venv .build/venv
	@.build/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.build/venv/installed: Tests/requirements.txt
	@echo "Installing the Python packages of the tests…"
	@python3 -m venv .build/venv
	@.build/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

format:
	@swift format --in-place --recursive Sources Tests Package.swift
