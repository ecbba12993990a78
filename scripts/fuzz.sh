#!/usr/bin/env bash
# Runs each fuzz target of the main module and the nested ones for a while: the first
# argument, 5s by default.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

time=${1:-5s}
mapfile -t modules < <(echo . && scripts/modules.sh -code)
targets=()
for module in "${modules[@]}"; do
	# shellcheck disable=SC2016 # the template's variable, not the shell's
	files=$(cd "$module" && go list -f '{{$dir := .Dir}}{{range .TestGoFiles}}{{$dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$dir}}/{{.}}
{{end}}' ./...)
	while IFS= read -r file; do
		[[ -n $file ]] || continue
		while IFS= read -r target; do
			targets+=("$(dirname "$file") $target")
		done < <(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file")
	done <<<"$files"
done

# A search that finds nothing has gone wrong: the codecs have targets.
if ((${#targets[@]} == 0)); then
	echo "no fuzz target found" >&2
	exit 1
fi

for entry in "${targets[@]}"; do
	dir=${entry% *} target=${entry##* }
	echo "fuzz $target for $time"
	(cd "$dir" && go test -run='^$' -fuzz="^$target\$" -fuzztime="$time")
done
echo "${#targets[@]} fuzz targets, $time each"
