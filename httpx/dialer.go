package httpx

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Dialer returns a function that makes a [Conn] to an address, for discover.New: a
// pool of HTTP servers. An address is "10.0.0.1:80", with the scheme http, or https
// when one of opts is [TLS]; or a base as of [To]. Each Conn has connections of
// its own, unless opts have an [HTTPClient], and all operations of a client
// share them. The function ignores its context: a Conn connects when it is called.
// Dialer panics with all that is wrong with opts, as no address could make up for it.
func Dialer(opts ...ConnOption) func(ctx context.Context, addr string) (*Conn, error) {
	scheme := "http://"
	probe := &Conn{}
	for _, o := range opts {
		if o != nil {
			o.applyConn(probe)
		}
	}
	if probe.tls {
		scheme = "https://"
	}
	if err := To(scheme+"localhost", opts...).Err(); err != nil {
		panic(fmt.Sprintf("httpx: Dialer: %v", errors.Unwrap(err))) // See decision 173.
	}
	return func(_ context.Context, addr string) (*Conn, error) {
		if !strings.Contains(addr, "://") {
			addr = scheme + addr
		}
		c := To(addr, opts...)
		return c, c.Err()
	}
}
