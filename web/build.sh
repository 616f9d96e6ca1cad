#!/bin/sh
# Type-checks the web client and bundles it into web/dist, where the server finds it:
# index.html and favicon.svg at the top, scripts and styles under assets/ with their hash in the name.
set -eu
cd "$(dirname "$0")"

tsc --noEmit -p .

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Debian's packages; its own node finds them by itself, others are told.
export NODE_PATH=/usr/share/nodejs:/usr/share/nodejs/terser/node_modules
esbuild src/main.tsx src/styles/thread.css src/styles/later.css \
    --bundle --splitting --format=esm --minify --target=es2022 --charset=utf8 --legal-comments=none \
    --define:process.env.NODE_ENV='"production"' \
    --outdir="$out/assets" --entry-names='[name]-[hash]' --chunk-names='[name]-[hash]' \
    --metafile="$out/bundle.json" --log-level=warning

# terser finds more than esbuild, above all in Debian's React, which no compressor has seen.
for file in "$out"/assets/*.js; do
    terser --module --ecma 2020 --compress passes=3,pure_getters=true --mangle --output "$file.min" -- "$file"
    mv "$file.min" "$file"
done

node page.mjs "$out"
rm "$out/bundle.json"
cp favicon.svg "$out/favicon.svg"

# The server sends these to clients that take gzip; zopfli compresses best.
zopfli "$out"/*.html "$out"/*.svg "$out"/assets/*

# The first view is what the page names, and nothing else: the page, its icon, and the files that its head loads. All others
# are chunks that are fetched later.
max_first=90000
max_chunk=30000
max_chunks=300000
fail() {
    echo "web/build.sh: $1 bytes gzipped, over the limit of $2" >&2
    exit 1
}
loaded=$(grep -v 'meta name=.*-styles' "$out/index.html" | grep -oE 'assets/[^"]+')
first=$(cat "$out"/*.gz $(echo "$loaded" | sed "s|.*|$out/&.gz|") | wc -c)
chunks=0
for file in "$out"/assets/*.gz; do
    name="assets/$(basename "$file" .gz)"
    if echo "$loaded" | grep -qxF "$name"; then continue; fi
    size=$(wc -c < "$file")
    chunks=$((chunks + size))
    [ "$size" -le "$max_chunk" ] || fail "$name has $size" "$max_chunk"
done
[ "$first" -le "$max_first" ] || fail "the first view has $first" "$max_first"
[ "$chunks" -le "$max_chunks" ] || fail "the chunks have $chunks" "$max_chunks"

chmod 755 "$out"
rm -rf dist
mkdir dist
cp -R "$out"/. dist/
echo "web client in web/dist, gzipped: $first bytes for the first view (at most $max_first), $chunks for chunks (at most $max_chunks)"
