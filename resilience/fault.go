package resilience

import (
	"errors"
	"fmt"
)

// A construction holds the faults of one call of a constructor. Every policy has
// one. Its zero value marks a policy that no constructor made. See decision 119.
type construction struct {
	by     string // the name of the constructor
	faults []error
}

// constructed is implemented by every type that has a construction.
type constructed interface {
	comparable
	made() *construction
}

func (c *construction) made() *construction { return c }

// check notes a fault unless ok, and returns ok.
func (c *construction) check(ok bool, format string, args ...any) bool {
	if !ok {
		c.faults = append(c.faults, fmt.Errorf("resilience: "+c.by+": "+format, args...))
	}
	return ok
}

// include notes the faults of another policy.
func (c *construction) include(err error) {
	if err != nil {
		c.faults = append(c.faults, err)
	}
}

// configure applies opts to p. A nil option is a fault.
func configure[P constructed, O any](p P, opts []O, apply func(O, P)) {
	for i, o := range opts {
		if any(o) == nil {
			p.made().check(false, "option %d is nil", i)
			continue
		}
		apply(o, p)
	}
}

// errOf returns the faults of p, a policy of the named type. A nil policy and a
// zero one have the fault that constructors should have made them.
func errOf[P constructed](p P, name, constructors string) error {
	if p == *new(P) || p.made().by == "" {
		return unmade(name, constructors)
	}
	return errors.Join(p.made().faults...)
}

// unmade returns the fault of a policy that no constructor made.
func unmade(name, constructors string) error {
	return fmt.Errorf("resilience: %s: make it with %s", name, constructors)
}
