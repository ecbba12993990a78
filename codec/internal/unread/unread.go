// Package unread has the causes of what codecs cannot read.
package unread

import (
	"strings"

	"github.com/typedkit/endpoint"
)

// Because returns the error of a decoder in the words of the violations that
// were made of it. A decoder's own text may repeat what was sent, as that of an
// encoding.TextUnmarshaler does, and what is secret would be in logs. errors.Is
// and errors.As find the decoder's error. A nil err stays nil.
func Because(err error, vs ...endpoint.Violation) error {
	if err == nil {
		return nil
	}
	return &cause{err, vs}
}

type cause struct {
	err        error
	violations []endpoint.Violation
}

func (c *cause) Error() string {
	var text strings.Builder
	for i, v := range c.violations {
		if i > 0 {
			text.WriteString("; ")
		}
		if v.Pointer != "" {
			text.WriteString(v.Pointer + " ")
		}
		text.WriteString(v.Detail)
	}
	return text.String()
}

func (c *cause) Unwrap() error { return c.err }
