#!/usr/bin/env bash
# Generates the Go code of every folder with a buf.gen.yaml. With -diff it changes
# nothing, shows what it would change, and fails if that is something.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

tools=$PWD/tools/go.mod
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
folders=$(find . -name buf.gen.yaml -not -path './.git/*' -printf '%h\n' | sort)
# A search that finds nothing has gone wrong: examples/services/addsvc has one.
if [[ -z $folders ]]; then
	echo "no buf.gen.yaml found" >&2
	exit 1
fi

failed=()
for dir in $folders; do
	echo "generate $dir"
	if [[ ${1-} != -diff ]]; then
		(cd "$dir" && go tool -modfile="$tools" buf generate)
		continue
	fi
	mkdir -p "$out/$dir"
	(cd "$dir" && go tool -modfile="$tools" buf generate -o "$out/$dir")
	for file in "$out/$dir"/*.go; do
		diff -u "$dir/$(basename "$file")" "$file" || failed+=("$dir/$(basename "$file")")
	done
done
if ((${#failed[@]} > 0)); then
	printf 'not up to date: %s\n' "${failed[@]}" >&2
	exit 1
fi
