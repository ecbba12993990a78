package edge

import (
	"fmt"
	"time"
)

// Limits are what one listener lets its clients do.
type Limits struct {
	// HeaderTime is how long the header of a request may take, from its first byte,
	// and a TLS handshake.
	HeaderTime time.Duration
	// IdleTime is how long a connection may stay open without a request.
	IdleTime time.Duration
	// HeaderBytes is the size of a request's header, with its request line.
	HeaderBytes int
	// Streams is how many requests of one HTTP/2 connection are served at a time.
	Streams int
	// Connections is how many connections are open at a time.
	Connections int
	// PeerConnections is how many of them may come from one IP address, or from one
	// /64 network of IPv6.
	PeerConnections int
	// Progress is how long the next 64 KiB of a body may take, in either direction.
	Progress time.Duration
}

// DefaultLimits returns the limits that hold unless a program changes them. The
// documentation of package server has their reasons.
func DefaultLimits() Limits {
	return Limits{
		HeaderTime:      5 * time.Second,
		IdleTime:        2 * time.Minute,
		HeaderBytes:     64 << 10,
		Streams:         250,
		Connections:     10_000,
		PeerConnections: PeerShare(10_000),
		Progress:        30 * time.Second,
	}
}

// PeerShare returns how many of n connections one peer may have by default: nine tenths.
func PeerShare(n int) int { return n - n/10 }

// Check returns an error for each limit that is not positive.
func (l Limits) Check() []error {
	var faults []error
	for _, limit := range []struct {
		name  string
		value any
		ok    bool
	}{
		{"HeaderTime", l.HeaderTime, l.HeaderTime > 0},
		{"IdleTime", l.IdleTime, l.IdleTime > 0},
		{"HeaderBytes", l.HeaderBytes, l.HeaderBytes > 0},
		{"Streams", l.Streams, l.Streams > 0},
		{"Connections", l.Connections, l.Connections > 0},
		{"PeerConnections", l.PeerConnections, l.PeerConnections > 0},
		{"Progress", l.Progress, l.Progress > 0},
	} {
		if !limit.ok {
			faults = append(faults, fmt.Errorf("%s must be positive, got %v", limit.name, limit.value))
		}
	}
	return faults
}
