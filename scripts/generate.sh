#!/usr/bin/env bash
# Generates the Go code of every folder with a buf.gen.yaml, and of every IDL of Thrift.
# With -diff it changes nothing, shows what it would change, and fails if that is
# something. Thrift needs Debian's compiler; where that is missing its code is left as it
# is, unless ENDPOINT_CI is set.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

tools=$PWD/tools/go.mod
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
folders=$(find . -name buf.gen.yaml -not -path './.git/*' -printf '%h\n' | sort)
idls=$(find . -name '*.thrift' -not -path './.git/*' | sort)
# A search that finds nothing has gone wrong: examples/services/addsvc has one, and thriftx.
if [[ -z $folders || -z $idls ]]; then
	echo "no buf.gen.yaml found, or no .thrift" >&2
	exit 1
fi
if ! command -v thrift >/dev/null; then
	if [[ -n ${ENDPOINT_CI-} ]]; then
		echo "the compiler of Thrift is missing: Debian's package thrift-compiler" >&2
		exit 1
	fi
	echo "skipped, without Debian's package thrift-compiler: ${idls//$'\n'/ }"
	idls=
fi

failed=()
# compare compares the code that was generated for a folder with what it holds.
compare() {
	local dir=$1 generated=$2 file
	for file in "$generated"/*.go; do
		diff -u "$dir/$(basename "$file")" "$file" || failed+=("$dir/$(basename "$file")")
	done
}

for dir in $folders; do
	echo "generate $dir"
	if [[ ${1-} != -diff ]]; then
		(cd "$dir" && go tool -modfile="$tools" buf generate)
		continue
	fi
	mkdir -p "$out/$dir"
	(cd "$dir" && go tool -modfile="$tools" buf generate -o "$out/$dir")
	compare "$dir" "$out/$dir"
done
for idl in $idls; do
	dir=$(dirname "$idl")
	echo "generate $dir"
	into=$(dirname "$dir") # the compiler makes a folder with the name of the package
	if [[ ${1-} == -diff ]]; then
		into=$out/$into
		mkdir -p "$into"
	fi
	thrift --gen go:skip_remote --out "$into" "$idl"
	[[ ${1-} != -diff ]] || compare "$dir" "$out/$dir"
done
if ((${#failed[@]} > 0)); then
	printf 'not up to date: %s\n' "${failed[@]}" >&2
	exit 1
fi
