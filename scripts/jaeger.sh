#!/usr/bin/env bash
# Prints where the program of Jaeger is, a server of traces, as tools/jaeger/go.mod
# pins it. It is built when the build cache does not have it: that takes minutes. See
# decision 78.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

go tool -modfile=tools/jaeger/go.mod -n all-in-one
