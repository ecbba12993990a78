#!/usr/bin/env bash
# Tidies go.mod and go.sum of every module. With -diff it changes nothing, shows
# what it would change, and fails if that is something.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

modules=$(scripts/modules.sh)
failed=()
for dir in . $modules; do
	echo "tidy $dir"
	(cd "$dir" && go mod tidy "$@") || failed+=("$dir")
done
if ((${#failed[@]} > 0)); then
	printf 'not tidy: %s\n' "${failed[@]}" >&2
	exit 1
fi
