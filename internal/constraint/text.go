package constraint

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/typedkit/endpoint/internal/bounds"
)

// text returns the check of a text. A rule that is cheap to check comes first, and bounds the
// work of those that follow.
func (c *compiler) text(t reflect.Type, r rules, at place) check {
	texts, others := r.split(minLength, maxLength, pattern, format, enum)
	others.refuseAll(c, at, "it is a text")
	run := c.length(texts, at)
	if values := c.choices(t, texts, at); values != nil {
		run = both(run, among(values))
	}
	return both(run, both(c.format(texts, at), c.pattern(texts, at)))
}

// length returns the check of the number of characters, which are code points.
func (c *compiler) length(r rules, at place) check {
	low, high := r.span(c, at, minLength, maxLength)
	if low == 0 && high < 0 {
		return nil
	}
	tooShort, tooLong := "must have at least "+counted(low, "character"), "must have at most "+counted(high, "character")
	return func(w *walk, p unsafe.Pointer) {
		s := as[string](p)
		if len(s) >= low*utf8.UTFMax && (high < 0 || len(s) <= high) {
			return // however long the characters are
		}
		switch n := utf8.RuneCountInString(s); {
		case n < low:
			w.fail(tooShort)
		case high >= 0 && n > high:
			w.fail(tooLong)
		}
	}
}

func among(values []string) check {
	detail := bounds.Line("must be one of " + strings.Join(values, ", "))
	return func(w *walk, p unsafe.Pointer) {
		if !slices.Contains(values, as[string](p)) {
			w.fail(detail)
		}
	}
}

// pattern returns the check of a regular expression, which may match anywhere in the text.
// Its time is linear in the length of the text.
func (c *compiler) pattern(r rules, at place) check {
	text, ok := r.tags[pattern]
	if !ok {
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		c.fault(at, "tag pattern: %w", err)
		return nil
	}
	detail := bounds.Line("must match the pattern " + text)
	return func(w *walk, p unsafe.Pointer) {
		if !re.MatchString(as[string](p)) {
			w.fail(detail)
		}
	}
}

// format returns the check of one of the formats of texts.
func (c *compiler) format(r rules, at place) check {
	name, ok := r.tags[format]
	if !ok {
		return nil
	}
	f, ok := formats[name]
	if !ok {
		c.fault(at, "tag format is %q, which is none of %s", name, strings.Join(formatNames(), ", "))
		return nil
	}
	return func(w *walk, p unsafe.Pointer) {
		if !f.valid(as[string](p)) {
			w.fail(f.detail)
		}
	}
}
