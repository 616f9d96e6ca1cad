#!/bin/sh
# Checks the web client: its types, the direction of its imports, and its units with Node's own test runner.
set -eu
cd "$(dirname "$0")"

tsc --noEmit -p .
node layers.mjs

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
NODE_PATH=/usr/share/nodejs esbuild test/*.test.ts --bundle --platform=node --target=node18 \
    --outdir="$out" --out-extension:.js=.cjs --log-level=warning
node --test "$out"
