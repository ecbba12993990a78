// Package health runs the health checks of a server in the background and answers
// probes from their last results.
package health

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Defaults of a [Check].
const (
	DefaultEvery  = 10 * time.Second
	DefaultWithin = 5 * time.Second
)

// maxName is the largest number of bytes of a check's name.
const maxName = 128

// A Check is a func that reports whether one part of the server works.
type Check struct {
	Name string
	// Run returns nil if the part works. Its context ends after Within.
	Run func(ctx context.Context) error
	// Every is the least time between the starts of two runs; 0 means DefaultEvery.
	Every time.Duration
	// Within is how long a run may take. 0 means DefaultWithin, or Every if that is
	// shorter.
	Within time.Duration
	// Warns makes a failure a warning. By default a check is critical: the server is
	// not ready while it fails.
	Warns bool
}

// Faults returns what is wrong with c, one text for each fault.
func (c Check) Faults() []string {
	var faults []string
	if why := nameFault(c.Name); why != "" {
		faults = append(faults, why)
	}
	if c.Run == nil {
		faults = append(faults, "the func is nil")
	}
	if every, within := c.every(), c.within(); within > every {
		faults = append(faults, fmt.Sprintf("the time-out of %v is longer than the period of %v", within, every))
	}
	return faults
}

func (c Check) every() time.Duration {
	if c.Every == 0 {
		return DefaultEvery
	}
	return c.Every
}

func (c Check) within() time.Duration {
	if c.Within == 0 {
		return min(DefaultWithin, c.every())
	}
	return c.Within
}

// nameFault returns why name cannot name a check, or "". A name is a line of text and
// a key of health+json, where a colon separates the parts of a key.
func nameFault(name string) string {
	switch {
	case name == "":
		return "the name is empty"
	case len(name) > maxName:
		return fmt.Sprintf("the name has %d bytes, more than %d", len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isForbidden):
		return fmt.Sprintf("the name %q has a colon or a character that is not printable", name)
	}
	return ""
}

func isForbidden(r rune) bool { return r == ':' || !unicode.IsPrint(r) }

// Name joins parts to a valid name of a check: it cuts long names and replaces each
// character that a name must not have by "_".
func Name(parts ...string) string {
	name := strings.Map(func(r rune) rune {
		if isForbidden(r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, strings.Join(parts, "/"))
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
