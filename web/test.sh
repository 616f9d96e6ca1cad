#!/bin/sh
# Checks the web client, and runs its unit tests with Node's own test runner.
set -eu
cd "$(dirname "$0")"

sh check.sh

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
NODE_PATH=/usr/share/nodejs esbuild test/*.test.ts --bundle --platform=node --target=node18 --define:import.meta.url='""' \
    --outdir="$out" --out-extension:.js=.cjs --log-level=warning
node --test "$out"
