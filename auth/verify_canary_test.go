package auth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/server"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// outputs are all texts that telemetry makes.
type outputs struct {
	mu  sync.Mutex // guards the field below
	log bytes.Buffer

	figures *expvar.Map
	metrics *promx.Metrics
	spans   *tracetest.SpanRecorder
	statsd  func() string // ends it, and returns what it sent
	page    func() string // of an admin page
	layers  endpoint.Stack
}

func newOutputs(t *testing.T) *outputs {
	t.Helper()
	o := &outputs{figures: new(expvar.Map), metrics: promx.New(), spans: tracetest.NewSpanRecorder()}
	log := slog.New(slog.NewJSONHandler(o, &slog.HandlerOptions{Level: slog.LevelDebug}))
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(o.spans))
	page, get := newPage(t, o)
	statsd, sent := newStatsD(t)
	o.page, o.statsd = get, sent
	o.layers = endpoint.Stack{observe.New(observe.NewLogger(log), observe.NewExpvar(o.figures), o.metrics, otelx.NewTracer(provider), statsd), page}
	return o
}

// newPage returns a server that has an admin page alone, and a function that reads the page.
func newPage(t *testing.T, logs io.Writer) (s *server.Server, get func() string) {
	t.Helper()
	lines, announce := io.Pipe()
	s = server.New("rooms", server.Announce(announce), server.Log(slog.New(slog.NewJSONHandler(logs, nil))))
	s.Add(server.Admin("127.0.0.1:0"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	var addr string
	_, err := fmt.Fscanf(lines, "admin on %s", &addr)
	require.NoError(t, err)
	return s, func() string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/endpoints", http.NoBody)
		require.NoError(t, err)
		r.Close = true
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(page)
	}
}

// newStatsD returns a StatsD, and a function that ends it and returns what it has sent.
func newStatsD(t *testing.T) (statsd *observe.StatsD, sent func() string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	statsd = observe.NewStatsD(l.LocalAddr().String())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- statsd.Run(ctx) }()
	var lines bytes.Buffer
	received := make(chan struct{})
	go func() {
		defer close(received)
		packet := make([]byte, 1<<16)
		for {
			n, _, err := l.ReadFrom(packet)
			if err != nil {
				return
			}
			lines.Write(packet[:n])
		}
	}()
	end := sync.OnceFunc(func() {
		cancel()
		<-ended
		_ = l.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		<-received
		_ = l.Close()
	})
	t.Cleanup(end)
	return statsd, func() string { end(); return lines.String() }
}

// inside returns the layers with one more.
func (o *outputs) inside(l endpoint.Layer) endpoint.Stack { return append(slices.Clone(o.layers), l) }

func (o *outputs) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(p)
}

// wantNone checks all of it for forms of a secret.
func (o *outputs) wantNone(t *testing.T, forms ...string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(o.metrics))
	families, err := registry.Gather()
	require.NoError(t, err)
	page, lines := o.page(), o.statsd()
	require.Contains(t, page, `"name":"Save"`)
	require.Contains(t, lines, "Save")
	o.mu.Lock()
	defer o.mu.Unlock()
	require.Contains(t, o.log.String(), "UNAUTHENTICATED")
	require.Contains(t, o.log.String(), `"enduser.id":"ann"`, "the principal is in the log")
	var all strings.Builder
	fmt.Fprintln(&all, o.log.String(), o.figures.String(), families, page, lines)
	for _, s := range o.spans.Ended() {
		fmt.Fprintf(&all, "%s %v %+v %+v\n", s.Name(), s.Attributes(), s.Events(), s.Status())
	}
	for _, form := range forms {
		before, after, found := strings.Cut(all.String(), form)
		require.False(t, found, "%q is in: …%s%s%.40s…", form, before[max(0, len(before)-80):], form, after)
	}
}

// TestCanaries sends credentials in every place, and finds them in no output.
func TestCanaries(t *testing.T) {
	t.Parallel()
	const canary = "canary/+&quokka"
	quoting := func(secret string) error {
		return fmt.Errorf("no such %s: %w", secret, errors.New(secret))
	}
	check := func(_ context.Context, secret string) (user, []string, error) {
		if strings.HasSuffix(secret, "!") {
			return user{}, nil, quoting(secret)
		}
		return user{"ann"}, []string{"read"}, nil
	}
	users := newUsers()
	staff := &auth.Basic[user]{Name: "staff"}
	apps := map[string]*auth.APIKey[user]{
		"header": {Name: "apps", Header: "X-Api-Key"}, "query": {Name: "apps", Query: "key"}, "cookie": {Name: "apps", Cookie: "key"},
	}
	type sample struct {
		scheme endpoint.Scheme
		verify endpoint.Layer
		send   func(secret string) endpoint.Layer
	}
	samples := map[string]sample{
		"bearer": {users, users.Verify(func(ctx context.Context, token string) (user, []string, error) {
			if strings.HasSuffix(token, "=") {
				return user{}, nil, quoting(token)
			}
			return check(ctx, token)
		}), func(s string) endpoint.Layer {
			return users.Send(auth.Static(strings.NewReplacer("&", "", "!", "=").Replace(s)))
		}},
		"basic": {staff, staff.Verify(func(ctx context.Context, _, password string) (user, []string, error) {
			return check(ctx, password)
		}), func(s string) endpoint.Layer { return staff.Send("ann", s) }},
	}
	for place, k := range apps {
		samples[place] = sample{k, k.Verify(check), func(s string) endpoint.Layer { return k.Send(auth.Static(s)) }}
	}
	for name, s := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, w := range []struct {
				name  string
				serve func(t *testing.T, o *outputs, r *rooms, verify endpoint.Layer) (connect func(send ...endpoint.Layer) *rooms)
			}{{"HTTP", canariesOverHTTP}, {"gRPC", canariesOverGRPC}} {
				if w.name == "gRPC" && (name == "query" || name == "cookie") {
					continue // which gRPC does not have
				}
				t.Run(w.name, func(t *testing.T) {
					t.Parallel()
					o := newOutputs(t)
					r := newRooms(s.scheme, endpoint.Needs{{Scheme: s.scheme, Scopes: []string{"admin"}}}, func(context.Context) string { return "" })
					connect := w.serve(t, o, r, s.verify)
					for _, secret := range []string{canary, canary + "!"} {
						c := connect(o.inside(s.send(secret))...)
						for _, call := range []endpoint.Endpoint[room, saved]{c.Save, c.Drop, watch(c), c.Open} {
							_, err := call(t.Context(), room{})
							_, _ = fmt.Fprintf(o, "%v %+v\n", err, err)
						}
					}
					// A server that cannot be reached.
					c := r.client()
					require.NoError(t, httpx.Client(httpx.To("http://127.0.0.1:1"), c, httpx.Use(o.inside(s.send(canary))...)))
					_, err := c.Save(t.Context(), room{})
					require.Error(t, err)
					_, _ = fmt.Fprintf(o, "%v %+v\n", err, err)
					routes, err := httpx.Describe(r)
					require.NoError(t, err)
					_, _ = fmt.Fprintf(o, "%+v\n", routes)
					o.wantNone(t, "canary", url.QueryEscape("canary/")[:6], "quokka",
						strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("ann:"+canary)), "=")[:20])
				})
			}
		})
	}
}

func canariesOverHTTP(t *testing.T, o *outputs, r *rooms, verify endpoint.Layer) func(send ...endpoint.Layer) *rooms {
	t.Helper()
	mux := http.NewServeMux()
	hook := httpx.ErrorHook(func(_ context.Context, err error) { _, _ = fmt.Fprintf(o, "%v %+v\n", err, err) })
	require.NoError(t, httpx.Mount(mux, r, httpx.Use(o.inside(verify)...), hook))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(teeing{w, o}, r)
	}))
	t.Cleanup(s.Close)
	return func(send ...endpoint.Layer) *rooms {
		c := r.client()
		require.NoError(t, httpx.Client(httpx.To(s.URL), c, httpx.Use(send...)))
		return c
	}
}

func canariesOverGRPC(t *testing.T, o *outputs, r *rooms, verify endpoint.Layer) func(send ...endpoint.Layer) *rooms {
	t.Helper()
	conn := overListener(t, nil, insecure.NewCredentials(), func(s *grpc.Server) {
		hook := grpcx.ErrorHook(func(_ context.Context, err error) { _, _ = fmt.Fprintf(o, "%v %+v\n", err, err) })
		require.NoError(t, grpcx.Register(s, r, grpcx.Use(o.inside(verify)...), hook))
	})
	return func(send ...endpoint.Layer) *rooms {
		c := r.client()
		require.NoError(t, grpcx.Client(grpcx.To(conn), c, grpcx.Use(send...)))
		return c
	}
}

// teeing copies answers to a writer.
type teeing struct {
	http.ResponseWriter

	to io.Writer
}

func (t teeing) Write(p []byte) (int, error) {
	_, _ = fmt.Fprintf(t.to, "%v %s\n", t.Header(), p)
	return t.ResponseWriter.Write(p)
}

func (t teeing) Unwrap() http.ResponseWriter { return t.ResponseWriter }
