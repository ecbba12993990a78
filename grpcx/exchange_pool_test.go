package grpcx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
)

// traces renders what grpc-go traced of a service, under way and done.
func traces(t *testing.T, service string) string {
	t.Helper()
	var all string
	for _, bucket := range []string{"-1", "0"} {
		query := url.Values{"fam": {"grpc.Recv." + service}, "b": {bucket}, "exp": {"1"}}
		r := httptest.NewRequest(http.MethodGet, "/debug/requests?"+query.Encode(), nil)
		r.RemoteAddr = "127.0.0.1:1" // others are shown nothing
		w := httptest.NewRecorder()
		http.DefaultServeMux.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		all += w.Body.String()
	}
	return all
}

// TestTraced guards that grpc-go's traces do not show what belongs to another
// call by then: they make texts of messages when somebody looks. It is not
// parallel: the switch is the process'.
func TestTraced(t *testing.T) {
	grpc.EnableTracing = true
	t.Cleanup(func() { grpc.EnableTracing = false }) // when the servers have ended
	change := func(_ context.Context, n *echopb.Note) (*echopb.Note, error) {
		n.Text = "changed"
		return &echopb.Note{}, nil
	}
	raw := messageEcho{Say: change, Look: change, Count: none[*echopb.Note, endpoint.Stream[*echopb.Note]]}
	raw.Sum = func(_ context.Context, in endpoint.Stream[*echopb.Note]) (*echopb.Note, error) {
		for n, err := range in {
			if err != nil {
				return nil, err
			}
			n.Text = "changed"
		}
		return &echopb.Note{}, nil
	}
	raw.Talk = none[endpoint.Stream[*echopb.Note], endpoint.Stream[*echopb.Note]]
	e := echo()
	for name, tt := range map[string]struct {
		service string
		svc     grpcx.Service
		client  func(conn *grpc.ClientConn) *Echo
	}{
		"protobuf": {"endpoint.test.v1.Echo", &raw, func(conn *grpc.ClientConn) *Echo { c := &Echo{}; connect(t, conn, c); return c }},
		"JSON":     {"plain.Echo", &plainEcho{e}, func(conn *grpc.ClientConn) *Echo { c := &plainEcho{}; connect(t, conn, c); return &c.Echo }},
	} {
		t.Run(name, func(t *testing.T) {
			c := tt.client(serve(t, register(t, tt.svc), grpc.WaitForHandlers(true)))
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := range 200 {
					text := "words" + strconv.Itoa(i)
					_, err := c.Say(t.Context(), Note{Text: text})
					_, failed := c.Sum(t.Context(), endpoint.StreamOf(Note{Text: text + "first"}, Note{Text: text + "second"}))
					if err = errors.Join(err, failed); err != nil {
						t.Error(err)
					}
				}
			}()
			for {
				select {
				case <-done:
					shown := traces(t, tt.service)
					require.Contains(t, shown, "recv: ")
					require.Contains(t, shown, "words199")
					require.Contains(t, shown, "words199first")
					require.Contains(t, shown, "words199second")
					require.NotContains(t, shown, "changed")
					return
				default:
					_ = traces(t, tt.service)
				}
			}
		})
	}
}

// unruly is what a call of TestPool does, by its number.
const (
	orderly = iota
	givesUp
	twice
	atOnce
	panics
	layerPanics
	leaves
	abandoned
	refused
	kinds
)

// unrulyInterceptor treats the handler as no interceptor should.
func (r *retained) unrulyInterceptor(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	kind, _ := strconv.Atoi(endpoint.CallFrom(ctx).Header().Get("x-kind"))
	switch kind {
	case givesUp:
		r.strays.Go(func() { _, _ = handler(ctx, req) })
		return nil, ErrRefused
	case twice:
		_, _ = handler(ctx, req)
	case atOnce:
		other := make(chan struct{})
		go func() { defer close(other); _, _ = handler(ctx, req) }()
		defer func() { <-other }()
	}
	return handler(ctx, req)
}

// retained asks Calls at any time, also when they are over.
type retained struct {
	t      *testing.T
	strays sync.WaitGroup // handlers that nobody waits for
	asking sync.WaitGroup
	mu     sync.Mutex // guards the fields below
	calls  map[*endpoint.Call]string
}

func (r *retained) keep(c *endpoint.Call, id string) {
	r.asking.Go(func() {
		for range 20 {
			r.ask(c, id)
			runtime.Gosched()
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[c] = id
}

func (r *retained) ask(c *endpoint.Call, id string) {
	if got := c.Header().Get("x-id"); got != id {
		r.t.Errorf("the Call of %s has the header of %q", id, got)
	}
	if c.Peer() == "" {
		r.t.Error("a Call without a peer")
	}
	_ = c.ResponseBytes()
}

func (r *retained) askAll() {
	r.strays.Wait()
	r.asking.Wait()
	for c, id := range r.calls {
		r.ask(c, id)
	}
}

// TestPool has the exchanges of calls used again while others still run that
// ended before their time. It is of use under the race detector.
func TestPool(t *testing.T) {
	t.Parallel()
	const callers, calls = 8, 100
	for _, name := range []string{"protobuf", "JSON"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept := &retained{t: t, calls: map[*endpoint.Call]string{}}
			e := echo()
			e.Say = func(ctx context.Context, n Note) (Note, error) {
				kept.keep(endpoint.CallFrom(ctx), n.Text)
				switch n.Number {
				case panics:
					panic("unruly")
				case leaves:
					runtime.Goexit()
				case abandoned:
					<-ctx.Done()
					return Note{}, ctx.Err()
				case givesUp, refused:
					return Note{}, ErrRefused
				}
				return n, nil
			}
			layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error {
					if endpoint.CallFrom(ctx).Header().Get("x-kind") == strconv.Itoa(layerPanics) {
						panic("layer")
					}
					_ = endpoint.CallFrom(ctx).ResponseBytes()
					return err
				}, nil
			})
			plain := &plainEcho{}
			c := &plain.Echo
			var svc, to grpcx.Service = &e, c
			if name == "JSON" {
				svc, to = &plainEcho{e}, plain
			}
			var server *grpc.Server
			connect(t, serve(t, func(s *grpc.Server) { server = s; register(t, svc, grpcx.Use(layer))(s) },
				grpc.UnaryInterceptor(kept.unrulyInterceptor), grpc.WaitForHandlers(true)), to)
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					for i := range calls {
						if err := unruly(t.Context(), c, (caller+i)%kinds, fmt.Sprintf("%d.%d", caller, i)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			server.Stop() // which waits for handlers that clients have left
			kept.askAll()
		})
	}
}

// unruly makes a call and says what was wrong with its end.
func unruly(ctx context.Context, c *Echo, kind int, id string) error {
	if kind == leaves || kind == abandoned { // nobody answers
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
	}
	ctx = endpoint.WithHeader(endpoint.WithHeader(ctx, "x-id", id), "x-kind", strconv.Itoa(kind))
	want := Note{Text: id, Number: int64(kind)}
	got, err := c.Say(ctx, want)
	code := map[int]endpoint.Code{
		givesUp: endpoint.FailedPrecondition, refused: endpoint.FailedPrecondition, panics: endpoint.Internal,
		layerPanics: endpoint.Internal, leaves: endpoint.DeadlineExceeded, abandoned: endpoint.DeadlineExceeded,
	}[kind]
	switch {
	case err == nil && code != endpoint.OK:
		return fmt.Errorf("call %s of kind %d: got no error", id, kind)
	case endpoint.CodeOf(err) != code:
		return fmt.Errorf("call %s of kind %d: got %w", id, kind, err)
	case err == nil && (got.Text != want.Text || got.Number != want.Number):
		return fmt.Errorf("call %s of kind %d: got the answer %v", id, kind, got)
	}
	return nil
}
