// Package bounds has the limits on what a peer can make this process read, keep,
// log and send on. Each limit is here once, for all transports and formats.
package bounds

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Faults is the largest number of faults that an answer lists, whatever their source.
const Faults = 50

// The limits on an error that is read from a peer.
const (
	ErrorBytes = 64 << 10 // of all of it
	Members    = 1000     // of each kind: faults, links, metadata
)

// The limits on the texts of an error from a peer, in bytes, when it is sent on.
const (
	Detail = 1 << 10 // a message, or the text of a fault or a link
	Meta   = 1 << 10 // a value of the metadata
)

// RetryAfter is the longest time to wait that is sent on for a peer.
const RetryAfter = 24 * time.Hour

// Text is the largest number of bytes of a peer's text in the text of an error or in
// a record of a log.
const Text = 1 << 10

// Cut returns the first n bytes of s, or fewer, so that no rune is split.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// maxPointer is the largest number of bytes of a JSON pointer in which a peer's names may be.
const maxPointer = 256

// Pointer returns a JSON pointer, cut if it is long because of a name in it. An ellipsis marks
// a cut.
func Pointer(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	return strings.ToValidUTF8(pointer[:maxPointer], "") + "…"
}

// Line returns a peer's text as one line that is safe to print: cut after [Text]
// bytes, with a replacement for each character that is not graphic, such as those
// that control a terminal or change the direction of writing. An ellipsis marks a cut.
func Line(s string) string {
	cut := Cut(s, Text)
	line := strings.Map(printable, cut) // a byte may become three
	if len(cut) == len(s) && len(line) <= Text {
		return line
	}
	return Cut(line, Text) + "…"
}

func printable(r rune) rune {
	switch {
	case unicode.IsGraphic(r):
		return r
	case unicode.IsSpace(r):
		return ' '
	}
	return utf8.RuneError
}

// Quiet returns err with the same tree and its text as a [Line], for an error whose
// text may repeat what a peer sent. It returns nil for nil.
func Quiet(err error) error {
	if err == nil {
		return nil
	}
	return &quiet{err}
}

type quiet struct{ err error }

func (q *quiet) Error() string { return Line(q.err.Error()) }
func (q *quiet) Unwrap() error { return q.err }
