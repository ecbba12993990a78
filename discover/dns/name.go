package dns

import (
	"fmt"
	"strings"
)

// The limits of RFC 1035 §2.3.4. A name of 255 bytes on the wire has 254 with its dots.
const (
	maxLabel = 63
	maxName  = 254
)

// rooted returns a name with a dot at its end.
func rooted(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

// isName reports whether a name server can be asked for name. It is false for the root.
func isName(name string) bool {
	full := rooted(name)
	if len(full) > maxName {
		return false
	}
	for label := range strings.SplitSeq(full[:len(full)-1], ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return true
}

// lower returns a name in lower case: names are compared without the case of their
// ASCII letters (RFC 4343 §3), and of those alone.
func lower(name string) string {
	return mapBytes(name, func(c byte) bool { return 'A' <= c && c <= 'Z' }, func(c byte) string { return string(rune(c + 'a' - 'A')) })
}

// shown returns a name from an answer as printable text. A name may have any bytes; those
// that cannot be printed are written as \DDD (RFC 1035 §5.1).
func shown(name string) string {
	return mapBytes(name, func(c byte) bool { return c <= ' ' || c > '~' || c == '\\' || c == '"' }, func(c byte) string { return fmt.Sprintf(`\%03d`, c) })
}

// mapBytes returns s with the bytes that f reports replaced by to. It does not allocate
// if there are none.
func mapBytes(s string, f func(byte) bool, to func(byte) string) string {
	var b strings.Builder
	start := 0
	for i := range len(s) {
		if f(s[i]) {
			b.WriteString(s[start:i])
			b.WriteString(to(s[i]))
			start = i + 1
		}
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}

// isLocalhost reports whether name is "localhost" or below it (RFC 6761 §6.3).
func isLocalhost(name string) bool {
	name = lower(rooted(name))
	return name == "localhost." || strings.HasSuffix(name, ".localhost.")
}
