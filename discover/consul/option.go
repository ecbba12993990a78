package consul

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
)

// A config is what the options of a registry set.
type config struct {
	ttl        time.Duration
	tags       []string
	datacenter string
	warning    bool // instances with a warning count
	stale      bool
	consistent bool
	onEvent    func(context.Context, endpoint.Event)
	faults     []error
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
	if c.stale && c.consistent {
		c.fault("%s: the options Stale and Consistent exclude each other", constructor)
	}
	return c
}

func (c *config) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("consul: "+format, args...))
}

func (c *config) err() error { return errors.Join(c.faults...) }

// An Option sets up a registry. A nil Option is a fault.
type Option interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// TTL sets how long the instance of a process that was killed stays known. It also sets how
// soon an outage of Consul is noticed, which takes about half of that time. The default is 10 s.
// Watch makes four requests in this period, and Register three, or more: one every 1.5 s, to
// notice that the agent has forgotten the instance. Less than two seconds and more than an
// hour are faults.
func TTL(d time.Duration) Option {
	return option(func(c *config) {
		if d < minTTL || d > maxTTL {
			c.fault("option TTL: %v is not between %v and %v", d, minTTL, maxTTL)
			return
		}
		c.ttl = d
	})
}

const (
	minTTL = 2 * time.Second
	maxTTL = time.Hour
)

// Tags sets tags of the service: Register gives all of them to the instance, and Watch yields
// only instances that have all of them. By default there are none. A later Tags replaces an
// earlier one. An empty tag is a fault.
func Tags(tags ...string) Option {
	tags = slices.Clone(tags)
	return option(func(c *config) {
		if slices.Contains(tags, "") {
			c.fault("option Tags: tag %d of %d is empty", slices.Index(tags, "")+1, len(tags))
		}
		c.tags = tags
	})
}

// Datacenter makes Watch ask for the instances of another datacenter than the one of the
// agent. Register does not heed it: an instance is registered in the datacenter of its agent.
// An empty name is a fault.
func Datacenter(name string) Option {
	return option(func(c *config) {
		if name == "" {
			c.fault("option Datacenter: the name is empty")
		}
		c.datacenter = name
	})
}

// Warning makes Watch yield instances with a check in the state "warning", too, with the
// weight that Consul has for this state unless the metadata has one. Those whose weight for
// it is zero are left out. By default only instances whose checks all pass are yielded.
func Warning() Option { return option(func(c *config) { c.warning = true }) }

// Stale lets any server of Consul answer Watch, even one without a leader, so that the set can
// be older than that of the leader. It spreads the load over the servers. The default is
// Consul's: the leader answers.
func Stale() Option { return option(func(c *config) { c.stale = true }) }

// Consistent makes the leader of Consul confirm with the other servers that it still leads
// before it answers Watch. By default it does not, and a leader that was just replaced may
// answer.
func Consistent() Option { return option(func(c *config) { c.consistent = true }) }

// OnEvent sets a callback for the events of the registry. Their source is "consul", their name
// the service. The kinds are "malformed", with the ID of a service that cannot be read as a
// whole; "registered", with the address, whenever an instance has been registered; and
// "register_failed", with the address, when the agent could not be asked or has forgotten the
// instance, once as long as the reason is the same. The registry then tries again. By default, and with a nil f, events are
// dropped. f may be called concurrently. A later OnEvent replaces an earlier one.
func OnEvent(f func(context.Context, endpoint.Event)) Option {
	return option(func(c *config) { c.onEvent = f })
}
