#!/usr/bin/env bash
# Vets and lints the main module and each nested one, formatting included.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

tools=$PWD/tools/go.mod
modules=$(scripts/modules.sh -code)
failed=()
for dir in . $modules; do
	echo "lint $dir"
	(cd "$dir" && go vet ./...) || failed+=("go vet in $dir")
	(cd "$dir" && go tool -modfile="$tools" golangci-lint run ./...) || failed+=("golangci-lint in $dir")
done
if ((${#failed[@]} > 0)); then
	printf 'failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
