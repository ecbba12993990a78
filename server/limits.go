package server

import (
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// A LimitsOption is an [Option] and a [ListenOption].
type LimitsOption interface {
	Option
	ListenOption
}

// Limits changes what clients may do, of all listeners as an option of [New], of one as an
// option of that. The defaults hold on the open network: see each limit. A nil limit, and
// one that is not positive, are faults.
//
// [Connections] and [PeerConnections] hold on every listener. The others are for HTTP, and
// a fault as an option of another listener: grpcx.ServerOptions has those of gRPC.
func Limits(limits ...Limit) LimitsOption { return limitsOption(limits) }

type limitsOption []Limit

func (o limitsOption) applyServer(s *Server) { o.apply(s, "New", &s.config.limits) }

func (o limitsOption) applyListen(s *Server, l *listener) {
	others := l.limits
	o.apply(s, l.name, &l.limits)
	others.Connections, others.PeerConnections = l.limits.Connections, l.limits.PeerConnections
	if _, ok := l.part.(*httpPart); !ok {
		s.check(others == l.limits, "%s: Limits: only Connections and PeerConnections hold for a listener that is not HTTP", l.name)
	}
}

func (o limitsOption) apply(s *Server, of string, to *edge.Limits) {
	before := *to
	for i, limit := range o {
		if limit == nil {
			s.fault("%s: Limits: limit %d is nil", of, i)
			continue
		}
		limit.applyLimits(to)
	}
	if to.Connections != before.Connections && to.PeerConnections == before.PeerConnections {
		to.PeerConnections = edge.PeerShare(to.Connections)
	}
	for _, err := range to.Check() {
		s.fault("%s: Limits: %w", of, err)
	}
}

// gauges returns how many connections are open, and how many were closed because of the
// limits.
func (l *listener) gauges() []endpoint.Gauge {
	if l.bound == nil {
		return nil
	}
	stats := l.bound.Stats()
	gauge := func(metric string, value float64) endpoint.Gauge {
		return endpoint.Gauge{Source: "listener", Name: l.name, Metric: metric, Value: value}
	}
	return []endpoint.Gauge{
		gauge("connections", float64(stats.Open)),
		gauge("connections_displaced", float64(stats.Displaced)),
		gauge("connections_refused", float64(stats.Refused)),
	}
}

// A Limit is one of [Limits].
type Limit interface{ applyLimits(l *edge.Limits) }

type limit func(l *edge.Limits)

func (f limit) applyLimits(l *edge.Limits) { f(l) }

// HeaderTime sets how long the header of a request may take, counted from the start of the
// connection or from the first byte of a later request, and how long a TLS handshake may
// take. The default is 5 s: a header fits into
// a few packets, and a client that needs longer is not there any more, or is holding a
// connection on purpose.
func HeaderTime(d time.Duration) Limit { return limit(func(l *edge.Limits) { l.HeaderTime = d }) }

// IdleTime sets how long a connection may stay open without a request. The default is 2
// minutes, longer than the 60 s or 90 s after which proxies and Go's client close theirs:
// the end that sends requests should close first, because a request on its way to a closed
// connection fails.
func IdleTime(d time.Duration) Limit { return limit(func(l *edge.Limits) { l.IdleTime = d }) }

// HeaderBytes sets how many bytes the header of a request may have, with its first line.
// A larger one is 431. The default is 64 KiB, which is four times what common proxies pass
// on, and a sixteenth of net/http's, because each connection can hold as much.
func HeaderBytes(n int) Limit { return limit(func(l *edge.Limits) { l.HeaderBytes = n }) }

// Streams sets how many requests of one HTTP/2 connection are served at the same time.
// Others of the connection wait at the client. The default is 250, as that of net/http:
// RFC 9113 advises at least 100, and each stream can cost a goroutine.
func Streams(n int) Limit { return limit(func(l *edge.Limits) { l.Streams = n }) }

// Connections sets how many connections of a listener are open at the same time. Beyond
// that, a new connection takes the place of one that waits for its client, the one that
// has waited longest; if there is none, and over gRPC in any case, it is closed at once.
// The default is 10,000, which take about 300 MB with buffers and goroutines, and fewer
// file descriptors than systemd and Kubernetes let a process have.
func Connections(n int) Limit { return limit(func(l *edge.Limits) { l.Connections = n }) }

// PeerConnections sets how many of the [Connections] of a listener may come from one IP
// address, or from one /64 network of IPv6. The default is nine tenths, which leaves one to
// others. A lower default would be an outage behind a proxy, from whose address all
// connections come; set one where clients connect directly. Connections over a unix socket
// have no address and are not counted.
func PeerConnections(n int) Limit {
	return limit(func(l *edge.Limits) { l.PeerConnections = n })
}

// Progress sets how long a client may take to send the next 64 KiB of a request's body, or
// its end, and to take the next 64 KiB of a response. After it the request ends: over
// HTTP/1 with its connection, over HTTP/2 with its stream. There is no time for a request
// as a whole, so that large uploads and downloads last as long as they need. The default is
// 30 s, that is 2 KB/s, which any network has that is in use for HTTP.
//
// Only the time in which the server waits for the client counts. A route of httpx has its
// own times for a request's body and for streams, which replace this one. So does a handler
// that sets a deadline by http.ResponseController, for the direction of that deadline.
func Progress(d time.Duration) Limit { return limit(func(l *edge.Limits) { l.Progress = d }) }
