package resilience

import (
	"context"
	"net"
	"net/netip"

	"github.com/typedkit/endpoint"
)

// DefaultMaxClients is how many clients a [PerClient] tells apart, unless
// [MaxClients] says otherwise.
const DefaultMaxClients = 1 << 16

// A PerClient is a [Limiter] with a token bucket for each client, for servers:
// one that asks too much is rejected with [ErrRateLimited] and does not use up
// what others need. It bounds no total: put a Limiter or a [Bulkhead] behind it.
//
// A client is the Principal of the [endpoint.Call]; where there is none, the
// host of its Peer, and for IPv6 the host's /64 network, because a single client
// has all of its addresses. Calls of which neither is known share one bucket.
// Behind a proxy every Peer is the proxy: have the layer that authenticates call
// SetPrincipal, outside the PerClient, or set [KeyBy]; and never take the key
// from a header that clients may write as they like. For a key in the request
// there is [PerClient.By].
//
// It keeps 65,536 buckets at most, in about 6 MB; see [MaxClients]. When they
// are used up, a new client takes the place of one that was not seen for long.
// The one that lost its place starts with a full bucket when it comes back. So
// under an attack with more keys than buckets a client may get more than its
// rate, but never less, and memory stays bounded.
//
// [AtOnce] also bounds how many calls of a client run at the same time. On a server,
// a PerClient that stands outside the policies whose places calls take, such as a
// [Shed] or a [Bulkhead], counts a call while its request comes: no client then has
// others wait by sending slowly on many streams.
//
// A success costs no allocation. The zero PerClient refuses every call; make one
// with [NewPerClient]. A PerClient is safe for concurrent use; its clients are
// spread over up to 64 locks.
//
// Its events have the source "perclient" and the kind "rejected", with the
// RetryAfter as Delay and nothing about the client. Its gauge is "clients", the
// buckets in use.
type PerClient struct {
	common
	rate    bucketRate
	clients int // at most
	atOnce  int // calls of a client; 0 for any number
	key     func(*endpoint.Call) string

	byClient *clientShares[client] // used without key
	byKey    *clientShares[string] // used with key
}

// clientShares are what each key has of a PerClient.
type clientShares[K comparable] struct {
	buckets *buckets[K]
	running *running[K] // nil without AtOnce
}

func newClientShares[K comparable](p *PerClient) *clientShares[K] {
	return &clientShares[K]{newBuckets[K](p.rate, p.clients), newRunning[K](p.atOnce)}
}

// A PerClientOption is an option of [NewPerClient].
type PerClientOption interface{ applyPerClient(p *PerClient) }

func (o commonOption) applyPerClient(p *PerClient) { o(&p.common) }

type perClientOption func(p *PerClient)

func (o perClientOption) applyPerClient(p *PerClient) { o(p) }

// MaxClients sets how many clients a [PerClient] tells apart at the same time.
// The default is [DefaultMaxClients]; n must be positive and at most 2^30.
func MaxClients(n int) PerClientOption {
	return perClientOption(func(p *PerClient) {
		p.clients = n
		p.check(n > 0 && n <= 1<<30, "MaxClients(%d), want 1 to 2^30", n)
	})
}

// AtOnce bounds how many calls of one client run at the same time; more are rejected
// with [ErrRateLimited]. The default is any number; n must be positive. The counts
// need no memory for a client without calls.
func AtOnce(n int) PerClientOption {
	return perClientOption(func(p *PerClient) {
		p.check(n > 0 && n <= 1<<30, "AtOnce(%d), want 1 to 2^30", n)
		p.atOnce = max(min(n, 1<<30), 1)
	})
}

// A KeyOption is for limits that tell calls apart by a key.
type KeyOption interface {
	PerClientOption
	QuotaOption
}

type keyOption func(*endpoint.Call) string

func (o keyOption) applyPerClient(p *PerClient) { p.key = o }
func (o keyOption) applyQuota(q *Quota)         { q.key = o }

// KeyBy has a limit take the key of a call from key, which must be safe for
// concurrent use and gets nil where there is no Call. The default of a
// [PerClient] is the client; that of a [Quota] is one key for all calls. A nil
// func leaves the default.
func KeyBy(key func(call *endpoint.Call) string) KeyOption { return keyOption(key) }

// NewPerClient returns a PerClient that lets perSecond calls a second of each
// client pass, and burst of them at once. Both must be positive.
func NewPerClient(perSecond float64, burst int, opts ...PerClientOption) *PerClient {
	p := &PerClient{by: "NewPerClient", rate: bucketRate{perSecond, float64(burst)}, clients: DefaultMaxClients}
	p.checkBucket(perSecond, burst)
	configure(p, opts, PerClientOption.applyPerClient)
	p.byClient, p.byKey = newClientShares[client](p), newClientShares[string](p)
	return p
}

// Err returns the faults of the construction, or nil.
func (p *PerClient) Err() error { return errOf(p, "PerClient", "NewPerClient") }

// Role returns [RoleClientLimit].
func (*PerClient) Role() string { return RoleClientLimit }

// Enter takes a token of the client's or rejects the call.
func (p *PerClient) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if p.byClient == nil {
		return faulty{p.Err()}.Enter(ctx)
	}
	call := endpoint.CallFrom(ctx)
	if p.key != nil {
		return enterShare(ctx, p, p.byKey, p.key(call))
	}
	return enterShare(ctx, p, p.byClient, clientOf(call))
}

// enterShare is Enter with the key of the call.
func enterShare[K comparable](ctx context.Context, p *PerClient, s *clientShares[K], key K) (context.Context, endpoint.Token, error) {
	var e *runningEntry[K]
	if s.running != nil {
		if e = s.running.begin(key); e == nil {
			return ctx, endpoint.Token{}, p.reject(ctx, "perclient", 0)
		}
	}
	if wait := s.buckets.take(key); wait > 0 {
		if e != nil {
			e.end()
		}
		return ctx, endpoint.Token{}, p.reject(ctx, "perclient", retryAfter(wait))
	}
	if e == nil {
		return ctx, endpoint.Token{}, nil
	}
	return ctx, endpoint.Token{P: e}, nil
}

// exitShare gives back what the call took, if it was counted.
func exitShare(t endpoint.Token, err error) error {
	if e, ok := t.P.(interface{ end() }); ok {
		e.end()
	}
	return err
}

// Exit counts the call as ended.
func (p *PerClient) Exit(_ context.Context, t endpoint.Token, err error) error {
	return exitShare(t, err)
}

// Wrap returns next limited by p alone. Req and Resp are those of next.
func (p *PerClient) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{p}.Wrap(next)
}

// Gauges yields the state of p.
func (p *PerClient) Gauges(yield func(endpoint.Gauge) bool) {
	if p.byClient == nil {
		return
	}
	n := p.byClient.buckets.len()
	if p.key != nil {
		n = p.byKey.buckets.len()
	}
	yield(endpoint.Gauge{Source: "perclient", Name: p.name, Metric: "clients", Value: float64(n)})
}

// By returns p with the key in the request: key returns it and must be safe for
// concurrent use. Req is the type of the request, K that of the key. The result
// has the rate and the options of p, but for [KeyBy], and buckets of its own:
//
//	endpoint.Chain(e, perClient.By(func(o Order) CustomerID { return o.Customer }).Wrap)
func (p *PerClient) By[Req any, K comparable](key func(req Req) K) *PerClientBy[Req, K] {
	b := &PerClientBy[Req, K]{
		by: "PerClient.By",
		p:  p, key: key, shares: newClientShares[K](p),
	}
	b.include(p.Err())
	b.check(key != nil, "the key is nil")
	return b
}

// A PerClientBy is a [PerClient] whose key is in the request. The Wrap of the zero
// PerClientBy refuses every call; make one with [PerClient.By]. Req is the type of
// the request, K that of the key.
type PerClientBy[Req any, K comparable] struct {
	construction
	p      *PerClient
	key    func(Req) K
	shares *clientShares[K]
}

// Err returns the faults of the construction, or nil.
func (b *PerClientBy[Req, K]) Err() error { return errOf(b, "PerClientBy", "PerClient.By") }

// Wrap returns next limited by b. Resp is that of next.
func (b *PerClientBy[Req, K]) Wrap[Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	// A layer gets no request. The key goes to it in the context, so that the
	// shell of a stream takes the token when the loop starts.
	guarded := endpoint.Stack{keyedLayer[Req, K]{b}}.Wrap(next)
	if b.Err() != nil {
		return guarded
	}
	return func(ctx context.Context, req Req) (Resp, error) {
		return guarded(&keyedContext[Req, K]{Context: ctx, by: b, key: b.key(req)}, req)
	}
}

type keyedContext[Req any, K comparable] struct {
	context.Context
	by  *PerClientBy[Req, K]
	key K
}

func (c *keyedContext[Req, K]) Value(key any) any {
	if key == c.by {
		return c
	}
	return c.Context.Value(key)
}

type keyedLayer[Req any, K comparable] struct{ *PerClientBy[Req, K] }

func (l keyedLayer[Req, K]) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	c := ctx.Value(l.PerClientBy).(*keyedContext[Req, K])
	return enterShare(ctx, l.p, l.shares, c.key)
}

func (l keyedLayer[Req, K]) Exit(_ context.Context, t endpoint.Token, err error) error {
	return exitShare(t, err)
}

// client is who calls, as far as it is known.
type client struct {
	principal string
	network   netip.Prefix
	host      string // where the peer is no IP address
}

// ClientKey returns a text that names the client of a call as a [PerClient]
// tells clients apart, for a [Quota]; "" where it is not known.
func ClientKey(call *endpoint.Call) string {
	switch c := clientOf(call); {
	case c.principal != "":
		return "principal:" + c.principal
	case c.network.IsValid():
		return "net:" + c.network.String()
	case c.host != "":
		return "host:" + c.host
	}
	return ""
}

func clientOf(call *endpoint.Call) client {
	if name := call.Principal(); name != "" {
		return client{principal: name}
	}
	peer := call.Peer()
	if addr, err := netip.ParseAddrPort(peer); err == nil {
		return client{network: networkOf(addr.Addr())}
	}
	if addr, err := netip.ParseAddr(peer); err == nil {
		return client{network: networkOf(addr)}
	}
	if host, _, err := net.SplitHostPort(peer); err == nil {
		return client{host: host}
	}
	return client{host: peer}
}

// networkOf returns what one client has of addresses.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
