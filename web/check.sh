#!/bin/sh
# Checks the web client without running it: its types, also against openapi.yaml and docs/EVENTS.md, and the direction of
# its imports.
set -eu
cd "$(dirname "$0")"

python=../.build/venv/bin/python
[ -x "$python" ] || python=python3
"$python" schemas.py --check
tsc --noEmit -p .
node layers.mjs
node events.mjs
