#!/bin/sh
# Type-checks the web client and bundles it into web/dist, where the server finds it:
# index.html and favicon.svg at the top, script and styles under assets/ with their hash in the name.
set -eu
cd "$(dirname "$0")"

tsc --noEmit -p .

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# The production build of React comes from NODE_ENV; NODE_PATH is where Debian puts its node packages.
NODE_PATH=/usr/share/nodejs esbuild src/main.tsx \
    --bundle --minify --target=es2021 --charset=utf8 --legal-comments=none \
    --define:process.env.NODE_ENV='"production"' \
    --outdir="$out/assets" --entry-names='[name]-[hash]' --log-level=warning

script=$(basename "$out"/assets/main-*.js)
styles=$(basename "$out"/assets/main-*.css)
sed -e "s|@script@|/assets/$script|" -e "s|@styles@|/assets/$styles|" index.html > "$out/index.html"
cp favicon.svg "$out/favicon.svg"

chmod 755 "$out"
rm -rf dist
mkdir dist
cp -R "$out"/. dist/

size=$(cat "$out"/assets/* | gzip -9 | wc -c)
echo "web client: $((size / 1000)) kB gzipped in web/dist"
if [ "$size" -gt 99000 ]; then
    echo "the bundle is over its limit of 80 kB" >&2
    exit 1
fi
