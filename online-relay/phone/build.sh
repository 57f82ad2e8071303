#!/bin/sh
# Builds the phone's page into a new folder: our files, and zxing-wasm from its npm package.
# Usage: sh build.sh OUTDIR
set -eu

[ $# -eq 1 ] || { echo "usage: sh build.sh OUTDIR" >&2; exit 2; }
out=$1
here=$(cd "$(dirname "$0")" && pwd)
# Packages are installed aside: the sources stay as they are, and two builds do not meet.
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
modules=$aside/node_modules/zxing-wasm

# What was reviewed: another file is refused, whatever the package's version says.
check() {
    found=$(sha256sum "$2" | cut -d' ' -f1)
    [ "$found" = "$1" ] || { echo "build.sh: $2 has SHA-256 $found, not $1" >&2; exit 1; }
}

cp "$here/package.json" "$here/package-lock.json" "$aside/"
(cd "$aside" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
check 5721ed87da5d582b7a65a69ea4bed7852699e7c4a1cf5a77d6ef9376152d96a5 "$modules/dist/full/zxing_full.wasm"
check c5cd010b79dddcb0c330bba96141a6126416695bd548a31e7f3465e48e8ca7df "$modules/dist/es/full/index.js"
check 08868fb770b0a4e4b9eb3d717015cd5fbf3ceb06492d4cb2d2dd2739db11890f "$modules/dist/es/share.js"
check fb506e4ade12d7a9efa67c9d76a9a28c8e15d347ca49a69e48e29b40b34ad2ab "$modules/LICENSE"

# Only an earlier build is replaced.
if [ -n "$(ls -A "$out" 2>/dev/null)" ] && [ ! -e "$out/sw.js" ]; then
    echo "build.sh: $out is not empty and not a page" >&2
    exit 1
fi
rm -rf "$out"
mkdir -p "$out/zxing/full"
cp "$here"/src/* "$out/"
cp "$modules/dist/es/full/index.js" "$modules/dist/full/zxing_full.wasm" "$out/zxing/full/"
cp "$modules/dist/es/share.js" "$modules/LICENSE" "$out/zxing/"

# The service worker is another one whenever any file is.
version=$(cd "$out" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16)
sed "s/const VERSION = 'unbuilt';/const VERSION = '$version';/" "$here/src/sw.js" >"$out/sw.js"
grep -q "'$version'" "$out/sw.js"
echo "the phone page $version is in $out"
