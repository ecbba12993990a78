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
	servers  []string
	file     string
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	ipv4     bool
	ipv6     bool
	minTTL   time.Duration
	maxTTL   time.Duration
	timeout  time.Duration // zero if it is not set
	attempts int           // zero if they are not set
	keep     time.Duration
	faults   []error
}

// newConfig returns what the options of a constructor set.
func newConfig(constructor string, opts []Option) config {
	c := config{
		file: "/etc/resolv.conf", dial: new(net.Dialer).DialContext, ipv4: true, ipv6: true,
		minTTL: time.Second, maxTTL: 5 * time.Minute,
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

// Servers sets the name servers that are asked, "10.0.0.2:53", in this order until one
// answers; one that did not answer is asked last for the rest of the lookup. Names are
// then taken as they are, and no file is read. By default, the servers and the search
// list are those of the file that [ResolvConf] sets. No address, and one that is not an
// IP address with a port, are faults.
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

// ResolvConf sets the file that is read for each lookup, in the form of resolv.conf(5):
// its keywords nameserver, search and domain, and its options ndots, timeout, attempts,
// rotate, use-vc and no-aaaa. Others are ignored, and so are the environment
// variables LOCALDOMAIN and RES_OPTIONS. The default is /etc/resolv.conf. If there is no
// such file, the server of the local machine is asked, as resolv.conf(5) says. [Servers]
// is used instead of it. An empty path is a fault.
func ResolvConf(path string) Option {
	return option(func(c *config) {
		if path == "" {
			c.fault("option ResolvConf: the path is empty")
			return
		}
		c.file = path
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

// Keep keeps an instance in the set for d after the last answer that named it. It is for
// name servers that name some of many instances in each answer, and others in the next:
// without it, a pool closes and opens a connection with each answer. An instance that is
// gone stays for d, and until the next answer. An empty answer empties the set at once,
// and an error changes nothing. The default is to keep none. A time that is not positive
// is a fault.
func Keep(d time.Duration) Option {
	return option(func(c *config) {
		if d <= 0 {
			c.fault("option Keep: %v is not positive", d)
			return
		}
		c.keep = d
	})
}

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

// Timeout sets how long one name server has for an answer: over UDP, and again over TCP
// if the answer does not fit. The default is that of the file, or 2 s. The whole lookup
// has a minute, whatever the number of servers, attempts and names. A time that is not
// positive is a fault.
func Timeout(d time.Duration) Option {
	return option(func(c *config) {
		if d <= 0 {
			c.fault("option Timeout: %v is not positive", d)
			return
		}
		c.timeout = d
	})
}

// Attempts sets how often all name servers are asked before a question fails, so that a
// lost packet costs one Timeout. The default is that of the file, or 2. A number that
// is not positive is a fault.
func Attempts(n int) Option {
	return option(func(c *config) {
		if n <= 0 {
			c.fault("option Attempts: %d is not positive", n)
			return
		}
		c.attempts = n
	})
}
