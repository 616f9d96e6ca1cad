#!/bin/sh
# Checks the web client: its types against openapi.yaml and docs/EVENTS.md, the direction of its imports, and its units.
set -eu
cd "$(dirname "$0")"

python=../.build/venv/bin/python
[ -x "$python" ] || python=python3
"$python" schemas.py --check
tsc --noEmit -p .
node layers.mjs
node events.mjs

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
NODE_PATH=/usr/share/nodejs esbuild test/*.test.ts --bundle --platform=node --target=node18 \
    --outdir="$out" --out-extension:.js=.cjs --log-level=warning
node --test "$out"
