package server

import (
	"context"
	"fmt"
	"time"

	"github.com/typedkit/endpoint/server/internal/health"
)

// Check adds a health check: f returns nil if some part that the service needs works. While
// f fails, the server is not ready, unless [Warn] makes it a warning.
//
// The server calls f in the background, at once at the start and then at most once in each
// period ([Every]), and answers all probes from the last result. Before the first result, a
// check fails. The context of f ends after [Within]. If f has not returned by then, the
// check fails, and f is not called again until it returns. A panic of f is a failure. The
// last call ends with the work of [Go].
//
// A check that fails on all instances of a service at the same time, such as that of a
// database that they share, takes all of them away from their clients. Make it a warning if
// the service can still answer some calls.
//
// The server has critical checks of its own: "listener/NAME" and "work/NAME" fail once a
// listener or a work of Go has ended with an error.
//
// Changes are events with the source "check", the name of the check and the kinds "passed",
// "warned" and "failed". An empty or double name, a name with a colon or a character that is
// not printable, a nil f and a nil option are faults.
func Check(name string, f func(ctx context.Context) error, opts ...CheckOption) Item {
	return item(func(s *Server) {
		c := health.Check{Name: name, Run: f}
		for i, o := range opts {
			if o == nil {
				s.fault("Check %s: option %d is nil", name, i)
				continue
			}
			o.applyCheck(s, &c)
		}
		for _, fault := range c.Faults() {
			s.fault("Check %s: %s", name, fault)
		}
		s.check(!s.hasCheck(name), "Check %s: there are two of this name", name)
		s.checks = append(s.checks, c)
	})
}

// A CheckOption is an option of [Check].
type CheckOption interface {
	applyCheck(s *Server, c *health.Check)
}

type checkOption func(s *Server, c *health.Check)

func (o checkOption) applyCheck(s *Server, c *health.Check) { o(s, c) }

// Every sets the period of a check: the least time between the starts of two calls. At
// random, a period is up to a tenth longer. The default is 10 s. A time that is not positive
// is a fault.
func Every(d time.Duration) CheckOption {
	return checkOption(func(s *Server, c *health.Check) {
		if s.check(d > 0, "Check %s: Every: the time is %v, want more than 0", c.Name, d); d > 0 {
			c.Every = d
		}
	})
}

// Within sets how long a call of a check may take. The default is 5 s, or the period if that
// is shorter. A time that is not positive, or longer than the period, is a fault.
func Within(d time.Duration) CheckOption {
	return checkOption(func(s *Server, c *health.Check) {
		if s.check(d > 0, "Check %s: Within: the time is %v, want more than 0", c.Name, d); d > 0 {
			c.Within = d
		}
	})
}

// Warn makes the failure of a check a warning, with which the server stays ready. By default
// a check is critical.
func Warn() CheckOption {
	return checkOption(func(_ *Server, c *health.Check) { c.Warns = true })
}

// addCheck adds a check with a name that no other check has.
func (s *Server) addCheck(c health.Check, kind, name string) {
	c.Name = kind
	if name != "" {
		c.Name = health.Name(kind, name)
	}
	base := c.Name
	for i := 2; s.hasCheck(c.Name); i++ {
		c.Name = fmt.Sprintf("%s#%d", base, i)
	}
	s.checks = append(s.checks, c)
}

func (s *Server) hasCheck(name string) bool {
	for _, c := range s.checks {
		if c.Name == name {
			return true
		}
	}
	return false
}
