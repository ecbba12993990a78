package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// A config is what the options of a source set.
type config struct {
	servers []string
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	ipv4    bool
	ipv6    bool
	minTTL  time.Duration
	maxTTL  time.Duration
	timeout time.Duration
	faults  []error
}

// newConfig returns what the options of a constructor set.
func newConfig(constructor string, opts []Option) config {
	c := config{
		dial: new(net.Dialer).DialContext, ipv4: true, ipv6: true,
		minTTL: time.Second, maxTTL: 5 * time.Minute, timeout: 2 * time.Second,
	}
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
	c.faults = append(c.faults, fmt.Errorf("dns: "+format, args...))
}

func (c *config) err() error { return errors.Join(c.faults...) }

// An Option sets up a source. A nil Option is a fault.
type Option interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// Servers sets the name servers that are asked, "10.0.0.2:53", in this order
// until one answers. By default, those of the file /etc/resolv.conf are asked, which
// is read for each query. No address, and one that is not an IP address with a port,
// are faults.
func Servers(addrs ...string) Option {
	return option(func(c *config) {
		if len(addrs) == 0 {
			c.fault("option Servers: there is none")
		}
		for _, a := range addrs {
			if _, err := netip.ParseAddrPort(a); err != nil {
				c.fault("option Servers: %q is not an IP address with a port", a)
			}
		}
		c.servers = slices.Clone(addrs)
	})
}

// Dial sets how a name server is reached; network is "udp" or, for an answer
// that was truncated, "tcp". A connection that is not a net.PacketConn is used as one
// of TCP. The default is net.Dialer's. A nil func is a fault.
func Dial(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return option(func(c *config) {
		if dial == nil {
			c.fault("option Dial: the func is nil")
			return
		}
		c.dial = dial
	})
}

// IPv4Only asks for A records alone. The default is both kinds.
func IPv4Only() Option { return option(func(c *config) { c.ipv4, c.ipv6 = true, false }) }

// IPv6Only asks for AAAA records alone. The default is both kinds.
func IPv6Only() Option { return option(func(c *config) { c.ipv4, c.ipv6 = false, true }) }

// TTL bounds how long an answer is believed, whatever its records say: at least low
// and at most high. The default is one second to five minutes. A low of less than a
// millisecond and a high of less than low are faults.
func TTL(low, high time.Duration) Option {
	return option(func(c *config) {
		if low < time.Millisecond || high < low {
			c.fault("option TTL: %v to %v is not a range that starts at 1ms or more", low, high)
			return
		}
		c.minTTL, c.maxTTL = low, high
	})
}

// Timeout sets how long one name server has for an answer. The default is 2 s. A time
// that is not positive is a fault.
func Timeout(d time.Duration) Option {
	return option(func(c *config) {
		if d <= 0 {
			c.fault("option Timeout: %v is not positive", d)
			return
		}
		c.timeout = d
	})
}
