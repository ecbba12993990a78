package natsx

import (
	"fmt"
	"strings"
	"unicode"
)

// checkSubject returns why requests cannot be sent to a subject, or nil.
func checkSubject(subject string) error {
	tokens := strings.Split(subject, ".")
	for _, token := range tokens {
		switch {
		case token == "":
			return fmt.Errorf("the subject %q has an empty token", subject)
		case strings.ContainsAny(token, "*>"):
			return fmt.Errorf("the subject %q has a wildcard", subject)
		case strings.ContainsFunc(token, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
			return fmt.Errorf("the subject %q has a space or a character that is not printable", subject)
		}
	}
	switch {
	case len(tokens) < 2:
		return fmt.Errorf("the subject %q has one token, want the name of a service before it", subject)
	case strings.HasPrefix(subject, "$"), strings.HasPrefix(subject, "_"):
		return fmt.Errorf("the subject %q belongs to NATS", subject)
	}
	return nil
}

// queueOf returns the queue group of a subject: all but the last token.
func queueOf(subject string) string { return subject[:strings.LastIndexByte(subject, '.')] }
