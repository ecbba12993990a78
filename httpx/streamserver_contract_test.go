package httpx_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// versions returns a client of h for each version of HTTP, of the service that
// newClient makes.
func versions[S httpx.Service](t *testing.T, h http.Handler, newClient func() S, opts ...httpx.Option) map[string]S {
	t.Helper()
	url := listen2(t, h)
	all := map[string]S{"HTTP/1": newClient(), "HTTP/2": newClient()}
	for version, s := range all {
		var with []httpx.ConnOption
		if version == "HTTP/2" {
			with = append(with, httpx.H2C())
		}
		conn := httpx.To(url, with...)
		t.Cleanup(func() { conn.Close() })
		require.NoError(t, httpx.Client(conn, s, opts...))
	}
	return all
}

// permits is a layer that counts what goes on inside it, and how it ended.
type permits struct {
	entered, held atomic.Int64
	exits         chan error
}

func newPermits() *permits { return &permits{exits: make(chan error, 100)} }

func (p *permits) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	p.entered.Add(1)
	p.held.Add(1)
	return ctx, endpoint.Token{}, nil
}

func (p *permits) Exit(_ context.Context, _ endpoint.Token, err error) error {
	p.held.Add(-1)
	p.exits <- err
	return err
}

// drained waits for the end of n calls, of which none may be left.
func (p *permits) drained(t *testing.T, n int) []error {
	t.Helper()
	ends := make([]error, 0, n)
	for range n {
		ends = append(ends, <-p.exits)
	}
	require.Zero(t, p.held.Load())
	require.EqualValues(t, n, p.entered.Load())
	p.entered.Store(0)
	return ends
}

func TestStreamErrorFirst(t *testing.T) {
	t.Parallel()
	server, client := newPermits(), newPermits()
	h := mounted(t, newFeed(), httpx.Use(server))
	for version, f := range feeds(t, h, httpx.Use(client)) {
		s, err := f.Ticks(t.Context(), from{N: -1})
		require.NoError(t, err, version)
		require.Zero(t, client.entered.Load(), "the call begins with the loop")
		_, err = s.Collect()
		require.ErrorIs(t, err, errBroken, version)
		require.Equal(t, 409, causeOf(err).Status, version)
		require.ErrorIs(t, server.drained(t, 1)[0], errBroken)
		require.ErrorIs(t, client.drained(t, 1)[0], errBroken)
	}
}

func TestStreamErrorLater(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	svc.Ticks = func(context.Context, from) (endpoint.Stream[tick], error) {
		return func(yield func(tick, error) bool) {
			_ = yield(tick{1}, nil) && yield(tick{}, errBroken.With("line\nbreak").
				WithViolations(endpoint.Violation{Pointer: "/a", Detail: "b"}).WithMeta("k", "v").WithCause(errors.New("secret")))
		}, nil
	}
	server := newPermits()
	h := mounted(t, svc, httpx.Use(server))
	for version, f := range feeds(t, h) {
		s, err := f.Ticks(t.Context(), from{})
		require.NoError(t, err, version)
		got, err := s.Collect()
		require.Len(t, got, 1, version)
		require.ErrorIs(t, err, errBroken, version)
		e := endpoint.ErrorOf(err)
		require.True(t, e.Remote())
		require.Equal(t, "line\nbreak", e.Message())
		require.Equal(t, []endpoint.Violation{{Pointer: "/a", Detail: "b"}}, e.Violations())
		require.Equal(t, "v", e.Meta()["k"])
		require.NotContains(t, err.Error(), "secret")
		require.ErrorIs(t, server.drained(t, 1)[0], errBroken)
	}
}

// TestStreamBreakCancels holds that a break, and a panic of the loop's body, end
// the producer by its context, and that no permit is left on either end.
func TestStreamBreakCancels(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 10)
	svc := newFeed()
	svc.Ticks = func(ctx context.Context, _ from) (endpoint.Stream[tick], error) {
		return func(yield func(tick, error) bool) {
			defer func() { ended <- struct{}{} }()
			if yield(tick{1}, nil) {
				<-ctx.Done()
				yield(tick{}, ctx.Err())
			}
		}, nil
	}
	server, client := newPermits(), newPermits()
	for version, f := range feeds(t, mounted(t, svc, httpx.Use(server)), httpx.Use(client)) {
		s, err := f.Ticks(t.Context(), from{})
		require.NoError(t, err, version)
		for range s {
			break
		}
		<-ended
		require.ErrorIs(t, client.drained(t, 1)[0], endpoint.ErrStopped, version)
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(server.drained(t, 1)[0]), version)
		require.Equal(t, "body", catch(func() {
			for range s {
				panic("body")
			}
		}), version)
		<-ended
		client.drained(t, 1)
		server.drained(t, 1)
	}
}

func TestStreamPanics(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	svc.Ticks = func(_ context.Context, f from) (endpoint.Stream[tick], error) {
		switch f.N {
		case 1:
			panic("secret, in the endpoint")
		case 9:
			return nil, nil
		}
		return func(yield func(tick, error) bool) {
			if f.N == 2 || yield(tick{1}, nil) {
				panic("secret, in the source")
			}
		}, nil
	}
	server := newPermits()
	for version, f := range feeds(t, mounted(t, svc, httpx.Use(server))) {
		for n, items := range map[int]int{1: 0, 2: 0, 3: 1} {
			s, err := f.Ticks(t.Context(), from{N: n})
			require.NoError(t, err)
			got, err := s.Collect()
			require.Len(t, got, items, version)
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), version)
			require.True(t, endpoint.ErrorOf(err).Remote())
			require.NotContains(t, err.Error(), "secret")
			var p *endpoint.PanicError
			require.ErrorAs(t, server.drained(t, 1)[0], &p)
		}
		s, err := f.Ticks(t.Context(), from{N: 9}) // the server lives; nil is empty
		require.NoError(t, err)
		got, err := s.Collect()
		require.NoError(t, err, version)
		require.Empty(t, got)
		server.drained(t, 1)
	}
}

func TestRequestStreamRangedTwice(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
		if _, err := s.Collect(); err != nil {
			return count1{}, err
		}
		_, err := s.Collect()
		return count1{}, err
	}
	for version, f := range feeds(t, mounted(t, svc)) {
		_, err := f.Sum(t.Context(), numbers(1, 2))
		require.ErrorIs(t, err, httpx.ErrRangedTwice, version)
	}
}

// TestBidiHalfClose holds that the server goes on after its client has said all.
func TestBidiHalfClose(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	svc.Twice = func(_ context.Context, s endpoint.Stream[count1]) (endpoint.Stream[count1], error) {
		return func(yield func(count1, error) bool) {
			all, err := s.Collect()
			if err != nil {
				yield(count1{}, err)
				return
			}
			for range 10 {
				for _, n := range all {
					if !yield(n, nil) {
						return
					}
				}
			}
		}, nil
	}
	server, client := newPermits(), newPermits()
	f := feeds(t, mounted(t, svc, httpx.Use(server)), httpx.Use(client))["HTTP/2"]
	s, err := f.Twice(t.Context(), numbers(1, 2, 3))
	require.NoError(t, err)
	got, err := s.Collect()
	require.NoError(t, err)
	require.Len(t, got, 30)
	require.NoError(t, server.drained(t, 1)[0])
	require.NoError(t, client.drained(t, 1)[0])
}

// TestEarlyAnswer holds that a server which needs no more answers at once, while
// its client has more to say and waits, and that the client hears it.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
		for n, err := range s {
			if n.N < 0 {
				return count1{}, errBroken
			}
			return n, err
		}
		return count1{}, nil
	}
	server := newPermits()
	for version, f := range feeds(t, mounted(t, svc, httpx.Use(server))) {
		for _, n := range []int{7, -1} {
			over, produced := make(chan struct{}), make(chan struct{})
			got, err := f.Sum(t.Context(), func(yield func(count1, error) bool) {
				defer close(produced)
				if yield(count1{n}, nil) {
					<-over
				}
			})
			close(over)
			<-produced
			if n > 0 {
				require.NoError(t, err, version)
				require.Equal(t, count1{n}, got)
			} else {
				require.ErrorIs(t, err, errBroken, version)
			}
			server.drained(t, 1)
			got, err = f.Sum(t.Context(), func(yield func(count1, error) bool) {
				for yield(count1{5}, nil) { // until it hears that nobody listens
				}
			})
			require.NoError(t, err, version)
			require.Equal(t, count1{5}, got)
			server.drained(t, 1)
		}
	}
}

// rationing is a layer that lets a number of items pass in each call.
type rationing struct {
	layer
	n int64
}

type ration struct{ left atomic.Int64 }

var errRation = endpoint.Define(endpoint.ResourceExhausted, "feed", "RATION", "no more items")

func (l *rationing) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	r := new(ration)
	r.left.Store(l.n)
	return ctx, endpoint.Token{P: r}, nil
}

func (l *rationing) Item(_ context.Context, t endpoint.Token) error {
	if t.P.(*ration).left.Add(-1) < 0 {
		return errRation
	}
	return nil
}

func TestStreamer(t *testing.T) {
	t.Parallel()
	limit := httpx.Use(&rationing{n: 3})
	for name, tt := range map[string]struct{ server, client []httpx.Option }{
		"server": {server: []httpx.Option{limit}}, "client": {client: []httpx.Option{limit}},
	} {
		for version, f := range feeds(t, mounted(t, newFeed(), tt.server...), tt.client...) {
			s, err := f.Ticks(t.Context(), from{N: 9})
			require.NoError(t, err)
			ticks, err := s.Collect()
			require.ErrorIs(t, err, errRation, "%s %s", name, version)
			require.Equal(t, []tick{{1}, {2}, {3}}, ticks)
			_, err = f.Sum(t.Context(), numbers(1, 2, 3, 4))
			require.ErrorIs(t, err, errRation, "%s %s", name, version)
			n, err := f.Sum(t.Context(), numbers(1, 2, 3))
			require.NoError(t, err)
			require.Equal(t, count1{6}, n)
			if version == "HTTP/2" {
				s, err := f.Twice(t.Context(), numbers(1, 2, 3, 4))
				require.NoError(t, err)
				_, err = s.Collect()
				require.ErrorIs(t, err, errRation, name)
			}
		}
	}
}
