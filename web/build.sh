#!/bin/sh
# Type-checks the web client and bundles it into web/dist, where the server finds it:
# index.html and favicon.svg at the top, script and styles under assets/ with their hash in the name.
set -eu
cd "$(dirname "$0")"

tsc --noEmit -p .

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

react=$(mktemp -d)
trap 'rm -rf "$out" "$react"' EXIT
node react.mjs "$react" $(find src -name '*.ts' -o -name '*.tsx')

# Debian's node packages; its own node finds them by itself, others are told.
export NODE_PATH=/usr/share/nodejs:/usr/share/nodejs/terser/node_modules
esbuild src/main.tsx \
    --bundle --splitting --format=esm --minify --target=es2022 --charset=utf8 --legal-comments=none \
    --alias:react="$react/react" --alias:react-dom="$react/react-dom" \
    --outdir="$out/assets" --entry-names='[name]-[hash]' --chunk-names='[name]-[hash]' --log-level=warning

# terser drops what react.mjs has cut off, and Debian's React has not been through a compressor.
for file in "$out"/assets/*.js; do
    terser --module --ecma 2020 --compress passes=3,pure_getters,keep_fargs=false --mangle --output "$file.min" -- "$file"
    mv "$file.min" "$file"
done

script=$(basename "$out"/assets/main-*.js)
styles=$(basename "$out"/assets/main-*.css)
shared=$(basename "$out"/assets/chunk-*.js)
sed -e "s|@script@|/assets/$script|" -e "s|@styles@|/assets/$styles|" -e "s|@shared@|/assets/$shared|" index.html > "$out/index.html"
cp favicon.svg "$out/favicon.svg"

# The server sends these to whoever takes gzip; zopfli makes the smallest.
zopfli "$out"/*.html "$out"/*.svg "$out"/assets/*

# Everything that the page can ever load counts, also what is fetched only after the first view.
limit=80000
scripts=$(cat "$out"/assets/*.js.gz | wc -c)
first=$(cat "$out"/*.gz "$out"/assets/main-*.gz "$out"/assets/chunk-*.gz | wc -c)
all=$(cat "$out"/*.gz "$out"/assets/*.gz | wc -c)
if [ "$scripts" -gt "$limit" ]; then
    echo "web/build.sh: all scripts together are $scripts bytes gzipped, over their limit of $limit" >&2
    exit 1
fi

chmod 755 "$out"
rm -rf dist
mkdir dist
cp -R "$out"/. dist/
echo "web client in web/dist, gzipped: $scripts bytes of script (at most $limit), $all with styles, page and icon; the first view takes $first"
