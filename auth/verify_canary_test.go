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
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// outputs are all texts that telemetry makes.
type outputs struct {
	mu  sync.Mutex // guards the field below
	log bytes.Buffer

	figures *expvar.Map
	metrics *promx.Metrics
	spans   *tracetest.SpanRecorder
}

func (o *outputs) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(p)
}

func (o *outputs) layer() endpoint.Layer {
	log := slog.New(slog.NewJSONHandler(o, &slog.HandlerOptions{Level: slog.LevelDebug}))
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(o.spans))
	return observe.New(observe.NewLogger(log), observe.NewExpvar(o.figures), o.metrics, otelx.NewTracer(provider))
}

// text returns all of it.
func (o *outputs) text(t *testing.T) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(o.metrics))
	families, err := registry.Gather()
	require.NoError(t, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	var all strings.Builder
	fmt.Fprintln(&all, o.log.String(), o.figures.String(), families)
	for _, s := range o.spans.Ended() {
		fmt.Fprintf(&all, "%s %v %+v %+v\n", s.Name(), s.Attributes(), s.Events(), s.Status())
	}
	return all.String()
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
			o := &outputs{figures: new(expvar.Map), metrics: promx.New(), spans: tracetest.NewSpanRecorder()}
			telemetry := o.layer()
			server := newRooms(s.scheme, endpoint.Needs{{Scheme: s.scheme, Scopes: []string{"admin"}}}, func(context.Context) string { return "" })
			mux := http.NewServeMux()
			hook := httpx.ErrorHook(func(_ context.Context, err error) { _, _ = fmt.Fprintf(o, "%v %+v\n", err, err) })
			require.NoError(t, httpx.Mount(mux, server, httpx.Use(telemetry, s.verify), hook))
			https := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mux.ServeHTTP(teeing{w, o}, r)
			}))
			t.Cleanup(https.Close)
			calls := 0
			for _, secret := range []string{canary, canary + "!"} {
				c := server.client()
				require.NoError(t, httpx.Client(httpx.To(https.URL), c, httpx.Use(telemetry, s.send(secret))))
				for _, call := range []endpoint.Endpoint[room, saved]{c.Save, c.Drop, watch(c), c.Open} {
					_, err := call(t.Context(), room{})
					_, _ = fmt.Fprintf(o, "%v %+v\n", err, err)
					calls++
				}
			}
			// A server that cannot be reached.
			c := server.client()
			require.NoError(t, httpx.Client(httpx.To("http://127.0.0.1:1"), c, httpx.Use(telemetry, s.send(canary))))
			_, err := c.Save(t.Context(), room{})
			require.Error(t, err)
			_, _ = fmt.Fprintf(o, "%v %+v\n", err, err)
			routes, err := httpx.Describe(server)
			require.NoError(t, err)
			_, _ = fmt.Fprintf(o, "%+v\n", routes)

			text := o.text(t)
			require.Contains(t, text, "UNAUTHENTICATED")
			require.GreaterOrEqual(t, strings.Count(text, `"enduser.id":"ann"`), 1, "the principal is in the log")
			for _, form := range []string{
				"canary", url.QueryEscape("canary/")[:6], "quokka",
				strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("ann:"+canary)), "=")[:20],
			} {
				before, after, found := strings.Cut(text, form)
				require.False(t, found, "%q is in: …%s%s%.40s…", form, before[max(0, len(before)-80):], form, after)
			}
		})
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
