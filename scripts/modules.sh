#!/usr/bin/env bash
# Prints the folders of the nested modules. With -code, only of those that have
# Go code: the others just pin versions.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

find . -mindepth 2 -name go.mod -not -path './.git/*' -not -path '*/testdata/*' -printf '%P\n' |
	sort | while read -r file; do
	dir=$(dirname "$file")
	if [[ ${1-} == -code ]] && [[ -z $(find "$dir" -name '*.go' -print -quit) ]]; then
		continue
	fi
	echo "$dir"
done
