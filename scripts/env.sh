# shellcheck shell=bash
# Sourced by the other scripts: it goes to the project's root folder and sets
# what they all need of the environment.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || return

# go.mod names the toolchain; an older go fetches it.
export GOTOOLCHAIN=auto

# Each module is looked at as its users get it. The workspace is for developing
# the library and its examples together.
export GOWORK=off

# Only the first source of modules is asked, whatever it is here: a version that
# it lacks is an error at once, where a version control system may hang. Asked
# outside of the project, where no toolchain has to be fetched for the answer.
sources=$(cd / && go env GOPROXY) || return
export GOPROXY=${sources%%[,|]*}
