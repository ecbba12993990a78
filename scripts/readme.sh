#!/usr/bin/env bash
# Prints the command of README.md that contains the given words: the text of the
# one ```sh block that does. So what is tested is what readers are told to run.
set -euo pipefail
cd "$(dirname "$0")/.."

awk -v words="$1" '
	open && /^```[ \t]*$/ {
		open = 0
		if (index(block, words)) { n++; found = block }
		next
	}
	open { block = block $0 "\n" }
	/^```sh[ \t]*$/ { open = 1; block = "" }
	END {
		if (n != 1) {
			printf "README.md: %d sh blocks contain \"%s\", want one\n", n, words > "/dev/stderr"
			exit 1
		}
		if (found !~ /^GOTOOLCHAIN=auto /) {
			printf "README.md: the block with \"%s\" does not begin with GOTOOLCHAIN=auto\n", words > "/dev/stderr"
			exit 1
		}
		printf "%s", found
	}
' README.md
