#!/usr/bin/env bash
# Prints where the program of redocly is, which checks documents of OpenAPI, as tools/redocly
# pins it. It is installed into the user's cache when that does not have it.
set -euo pipefail
cd "$(dirname "$0")/../tools/redocly"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/endpoint/redocly-$(cksum <package-lock.json | cut -d ' ' -f 1)
program=$cache/node_modules/@redocly/cli/bin/cli.js
if [[ ! -f $program ]]; then
	mkdir -p "$cache"
	cp package.json package-lock.json "$cache"
	npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund >&2
fi
echo "$program"
