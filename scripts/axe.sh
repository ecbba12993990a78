#!/usr/bin/env bash
# Prints where the program of axe-core is, which checks the accessibility of a page, as
# tools/axe pins it. It is installed into the user's cache when that does not have it.
set -euo pipefail
cd "$(dirname "$0")/../tools/axe"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/endpoint/axe-$(cksum <package-lock.json | cut -d ' ' -f 1)
program=$cache/node_modules/axe-core/axe.min.js
if [[ ! -f $program ]]; then
	mkdir -p "$cache"
	cp package.json package-lock.json "$cache"
	npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund >&2
fi
echo "$program"
