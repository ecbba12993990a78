package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
)

// A config is what the options of a registry set.
type config struct {
	ttl     time.Duration
	onEvent func(context.Context, endpoint.Event)
	faults  []error
}

func newConfig(constructor string, opts []Option) config {
	c := config{ttl: 10 * time.Second}
	for i, o := range opts {
		if o == nil {
			c.fault("%s: option %d of %d is nil", constructor, i+1, len(opts))
			continue
		}
		o.apply(&c)
	}
	return c
}

func (c *config) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("etcd: "+format, args...))
}

func (c *config) err() error { return errors.Join(c.faults...) }

// An Option sets up a registry. A nil Option is a fault.
type Option interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// TTL sets how long the instance of a process that was killed stays known, and how soon an
// outage of etcd is noticed: in half of the time, but not in less than two seconds. The
// default is 10 s. etcd counts in whole seconds, and its default minimum is two. The instance
// makes a request three times in this period. Less than a second, more than an hour and a
// part of a second are faults.
func TTL(d time.Duration) Option {
	return option(func(c *config) {
		if d < time.Second || d > time.Hour || d%time.Second != 0 {
			c.fault("option TTL: %v is not a number of seconds from 1s to 1h", d)
			return
		}
		c.ttl = d
	})
}

// OnEvent sets a callback for the events of the registry. Their source is "etcd", their name
// the prefix. By default, and with a nil f, events are dropped. A later OnEvent replaces an
// earlier one. The kinds are
//
//   - "malformed", with the key: a value cannot be read, and is left out;
//   - "registered", with the address: an instance of this process is known, also after a
//     failure;
//   - "register_failed", with the address: etcd could not be asked, or it has lost the
//     instance. The registry tries again. The same error is told once.
func OnEvent(f func(context.Context, endpoint.Event)) Option {
	return option(func(c *config) { c.onEvent = f })
}
