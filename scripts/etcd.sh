#!/usr/bin/env bash
# Prints where the program etcd is, which tests of registries start, as
# tools/etcd/go.mod pins it. It is built when the build cache does not have it: that takes
# a minute or two.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

go tool -modfile=tools/etcd/go.mod -n server
