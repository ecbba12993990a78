#!/usr/bin/env bash
# Prints where the program of Consul is, as tools/consul/go.mod pins it. It is built when
# the build cache does not have it: that takes minutes. See decision 78.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

go tool -modfile=tools/consul/go.mod -n consul
