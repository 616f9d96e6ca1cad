#!/bin/sh
# Type-checks the web client and bundles it into web/dist, where the server finds it:
# index.html and favicon.svg at the top, script and styles under assets/ with their hash in the name.
set -eu
cd "$(dirname "$0")"

tsc --noEmit -p .

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Debian's node packages; its own node finds them by itself, others are told.
export NODE_PATH=/usr/share/nodejs:/usr/share/nodejs/terser/node_modules

# NODE_ENV selects the production build of React.
esbuild src/main.tsx \
    --bundle --splitting --format=esm --minify --target=es2022 --charset=utf8 --legal-comments=none \
    --define:process.env.NODE_ENV='"production"' \
    --outdir="$out/assets" --entry-names='[name]-[hash]' --chunk-names='[name]-[hash]' --log-level=warning

# Debian's React has not been through a compressor; terser takes 4 kB more off it than esbuild does.
for file in "$out"/assets/*.js; do
    terser --module --ecma 2020 --compress passes=3,pure_getters,keep_fargs=false --mangle --output "$file.min" -- "$file"
    mv "$file.min" "$file"
done

script=$(basename "$out"/assets/main-*.js)
styles=$(basename "$out"/assets/main-*.css)
shared=$(basename "$out"/assets/chunk-*.js)
sed -e "s|@script@|/assets/$script|" -e "s|@styles@|/assets/$styles|" -e "s|@shared@|/assets/$shared|" index.html > "$out/index.html"
cp favicon.svg "$out/favicon.svg"

# The server sends these to whoever takes gzip.
gzip --best --keep --no-name "$out"/*.html "$out"/*.svg "$out"/assets/*

chmod 755 "$out"
rm -rf dist
mkdir dist
cp -R "$out"/. dist/

# What the first view needs; pages-*.js, with the views beside the conversation, is fetched after it.
size=$(find dist/assets -name '*.js.gz' ! -name 'pages-*' -exec cat {} + | wc -c)
echo "web client in web/dist: $(cat dist/assets/*.gz | wc -c) bytes gzipped, $size of them the script of the first view"
if [ "$size" -gt 80000 ]; then
    echo "the first view's script is over its limit of 80,000 bytes" >&2
    exit 1
fi
