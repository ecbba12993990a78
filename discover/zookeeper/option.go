package zookeeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/typedkit/endpoint"
)

// A config is what the options of a registry set.
type config struct {
	ttl     time.Duration
	auth    []credentials
	acl     []zk.ACL
	dial    zk.Dialer // nil for TCP
	onEvent func(context.Context, endpoint.Event)
	faults  []error
}

type credentials struct {
	scheme string
	auth   []byte
}

func newConfig(constructor string, opts []Option) config {
	c := config{ttl: 10 * time.Second, acl: zk.WorldACL(zk.PermAll)}
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
	c.faults = append(c.faults, fmt.Errorf("zookeeper: "+format, args...))
}

func (c *config) err() error { return errors.Join(c.faults...) }

// An Option sets up a registry. A nil Option is a fault.
type Option interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// TTL sets the time-out of sessions: how long the instance of a process that was killed stays
// known, and how soon an outage of ZooKeeper is noticed, in two thirds of the time. The default
// is 10 s. A server has limits of its own for it, by default from 2 to 20 of its ticks, which
// are 4 s and 40 s. Less than a second and more than an hour are faults.
func TTL(d time.Duration) Option {
	return option(func(c *config) {
		if d < time.Second || d > time.Hour {
			c.fault("option TTL: %v is not between 1s and 1h", d)
			return
		}
		c.ttl = d
	})
}

// Auth adds credentials, such as "digest" and "user:password", to each session. Several are
// sent in the order of the options. An empty scheme is a fault.
func Auth(scheme string, auth []byte) Option {
	auth = bytes.Clone(auth)
	return option(func(c *config) {
		if scheme == "" {
			c.fault("option Auth: the scheme is empty")
			return
		}
		c.auth = append(c.auth, credentials{scheme, auth})
	})
}

// ACL sets who may do what with the nodes that Register makes: the one of the instance, and
// those above it that do not exist yet. The default is zk.WorldACL(zk.PermAll), which allows
// everything. An empty list is a fault. A later ACL replaces an earlier one.
func ACL(acl []zk.ACL) Option {
	acl = slices.Clone(acl)
	return option(func(c *config) {
		if len(acl) == 0 {
			c.fault("option ACL: the list is empty")
			return
		}
		c.acl = acl
	})
}

// Dial sets the func that connects to a server, for TLS and the like. It must return within
// the timeout. The default is plain TCP. A nil f is a fault. A later Dial replaces an earlier
// one.
func Dial(f zk.Dialer) Option {
	return option(func(c *config) {
		if f == nil {
			c.fault("option Dial: the func is nil")
		}
		c.dial = f
	})
}

// OnEvent sets a callback for the events of the registry. Their source is "zookeeper", their
// name the path. The kinds are "malformed", with the path of a node that cannot be read;
// "registered", with the address, whenever a node has been made; and "register_failed", with
// the address, whenever there was no connection, or the node was lost; the registry then tries
// again. By default, and with a nil f, events are dropped. A later OnEvent replaces an earlier
// one.
func OnEvent(f func(context.Context, endpoint.Event)) Option {
	return option(func(c *config) { c.onEvent = f })
}
