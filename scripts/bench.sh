#!/usr/bin/env bash
# Runs the measurements of bench that compare with peers, each with the arguments
# given: -smoke runs each once, as a test, and writes nothing.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

cd bench
for main in */main.go; do
	program=$(dirname "$main")
	echo "measure $program"
	go run "./$program" "$@"
done
