package jsonschema

import (
	"regexp"
	"regexp/syntax"
)

// onlyRE2 matches what RE2 has and the regular expressions of ECMA-262, which JSON Schema
// uses, have not or read otherwise.
var onlyRE2 = regexp.MustCompile(`\(\?[^:]|\\[AzQEpPCa]|\[\[:|\[[^\]]*\[:`)

// isPortable reports whether a pattern, which RE2 reads, means the same to ECMA-262.
func isPortable(pattern string) bool {
	_, err := syntax.Parse(pattern, syntax.Perl)
	return err == nil && !onlyRE2.MatchString(pattern)
}
