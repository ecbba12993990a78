package server_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"go.opentelemetry.io/contrib/propagators/b3"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	parent  = "00-" + traceID + "-b7ad6b7169203331-01"
)

// traced calls a server that calls another one, each over a transport. It returns the value
// that a header of the first call has in the second.
func traced(t *testing.T, front, behind string, tracer endpoint.Layer, header, value string) string {
	t.Helper()
	with := setup{layers: []endpoint.Layer{tracer}}
	got := make(chan string, 1)
	second := newHost(t, served(func(ctx context.Context, n int) (int, error) {
		got <- endpoint.CallFrom(ctx).Header().Get(header)
		return n, nil
	}), setup{}).client(t, behind, tracer)
	first := newHost(t, served(func(ctx context.Context, n int) (int, error) {
		return second.Post(ctx, n)
	}), with).client(t, front)
	_, err := first.Post(endpoint.WithHeader(t.Context(), header, value), 1)
	require.NoError(t, err)
	return <-got
}

// TestRFC000TracePassesThrough has the trace of a request go on to the requests made for it,
// from each transport to each: one that is recorded here, and one that is not.
func TestRFC000TracePassesThrough(t *testing.T) {
	t.Parallel()
	provider := sdktrace.NewTracerProvider()
	t.Cleanup(func() { require.NoError(t, provider.Shutdown(context.WithoutCancel(t.Context()))) })
	for _, front := range transports {
		for _, behind := range transports {
			t.Run(front+" to "+behind, func(t *testing.T) {
				t.Parallel()
				got := traced(t, front, behind, otelx.NewTracer(provider), "Traceparent", parent)
				require.Contains(t, got, "00-"+traceID+"-")
				require.NotEqual(t, parent, got, "the span of the call that was made is the parent")
				got = traced(t, front, behind, otelx.NewTracer(noop.NewTracerProvider()), "Traceparent", parent)
				require.Equal(t, parent, got)
			})
		}
	}
}

// A tagger is a tracer of one's own: it passes on a header of its own.
type tagger struct{}

type tagKey struct{}

func (tagger) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	call := endpoint.CallFrom(ctx)
	if call.Side() == endpoint.ServerSide {
		return context.WithValue(ctx, tagKey{}, call.Header().Get("X-Tag")), endpoint.Token{}, nil
	}
	if tag, ok := ctx.Value(tagKey{}).(string); ok {
		call.Header().Set("X-Tag", tag)
	}
	return ctx, endpoint.Token{}, nil
}

func (tagger) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// TestRFC000TracerIsInterchangeable passes traces on in several ways.
func TestRFC000TracerIsInterchangeable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tracer        endpoint.Layer
		header, value string
		want          string // is in the header of the second call
	}{
		"W3C":        {otelx.NewTracer(sdktrace.NewTracerProvider()), "Traceparent", parent, "00-" + traceID + "-"},
		"B3":         {otelx.NewTracer(sdktrace.NewTracerProvider(), otelx.Propagators(b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)))), "B3", traceID + "-b7ad6b7169203331-1", traceID + "-"},
		"one's own":  {tagger{}, "X-Tag", "mine", "mine"},
		"request id": {observe.New(observe.NewRequestIDs()), "X-Request-Id", "4711", "4711"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, transport := range transports {
				require.Contains(t, traced(t, transport, transport, tt.tracer, tt.header, tt.value), tt.want)
			}
		})
	}
}
