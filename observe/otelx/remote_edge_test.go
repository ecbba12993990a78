package otelx_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/otelx"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TestEdge: on a server at the edge, whatever a caller sends, over HTTP or gRPC, the
// trace is the server's own, with a link, and its sampler decides.
func TestEdge(t *testing.T) {
	t.Parallel()
	both := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}, b3.New())
	for _, tt := range []struct {
		name    string
		headers []string
		link    bool
		flags   trace.TraceFlags // of the link
	}{
		{"sampled", []string{"traceparent: " + sampled, "tracestate: foo=1", "baggage: user=ada"}, true, 1},
		{"unsampled", []string{"traceparent: " + unsampled, "baggage: user=ada"}, true, 0},
		{"debug of B3", []string{"b3: " + traceID + "-" + spanID + "-d", "baggage: user=ada"}, true, 1},
		{"malformed", []string{"traceparent: " + strings.ToUpper(sampled), "baggage: user=ada"}, false, 0},
		{"baggage alone", []string{"baggage: user=ada"}, false, 0},
		{"nothing", nil, false, 0},
	} {
		for _, transport := range []string{"HTTP", "gRPC"} {
			for sampler, records := range map[sdktrace.Sampler]bool{
				sdktrace.AlwaysSample():                       true,
				sdktrace.NeverSample():                        false,
				sdktrace.ParentBased(sdktrace.AlwaysSample()): true,
				sdktrace.ParentBased(sdktrace.NeverSample()):  false,
			} {
				t.Run(tt.name+" over "+transport+", "+sampler.Description(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						provider, rec := record(t, sdktrace.WithSampler(sampler))
						tracer := otelx.NewTracer(provider, otelx.Propagators(both), otelx.Edge())
						var header map[string]string
						behind := overGRPC(t, heard(&header), nil, layers(tracer))
						spanName, calls := "POST /orders/{id}", 0
						check := func(ctx context.Context) {
							calls++
							assert.Empty(t, baggage.FromContext(ctx).Members())
							sc := trace.SpanContextFromContext(ctx)
							assert.True(t, sc.IsValid() && !sc.IsRemote() && sc.IsSampled() == records, "the handler is in %v", sc)
							assert.NotEqual(t, traceID, sc.TraceID().String())
						}
						switch transport {
						case "HTTP":
							shop := selling(behind)
							order := shop.Order
							shop.Order = func(ctx context.Context, o Order) (Receipt, error) {
								check(ctx)
								return order(ctx, o)
							}
							get(t, mount(t, shop, tracer), tt.headers...)
						default:
							spanName = "shop.v1.Stock/Take"
							stock := taking()
							stock.Take = func(ctx context.Context, i Item) (Receipt, error) {
								check(ctx)
								return behind.Take(ctx, i)
							}
							ctx := t.Context()
							for _, line := range tt.headers {
								key, value, _ := strings.Cut(line, ": ")
								ctx = endpoint.WithHeader(ctx, key, value)
							}
							_, err := overGRPC(t, stock, layers(tracer), nil).Take(ctx, Item{"pen"})
							require.NoError(t, err)
						}
						synctest.Wait()
						require.Equal(t, 1, calls)
						assert.NotContains(t, header["traceparent"], traceID)
						assert.True(t, strings.HasSuffix(header["traceparent"], map[bool]string{true: "-01", false: "-00"}[records]), "the next server gets %q", header)
						assert.NotContains(t, header, "baggage")
						assert.Empty(t, header["tracestate"])
						if !records {
							assert.Empty(t, rec.Started())
							return
						}
						s := one(t, rec, "server", spanName)
						assert.False(t, s.Parent().IsValid(), "the span has the parent %v", s.Parent())
						assert.Equal(t, tt.link, len(s.Links()) == 1, "links: %v", s.Links())
						for _, l := range s.Links() {
							assert.Equal(t, traceID+" "+spanID, l.SpanContext.TraceID().String()+" "+l.SpanContext.SpanID().String())
							assert.Equal(t, tt.flags, l.SpanContext.TraceFlags()&trace.FlagsSampled)
							assert.Empty(t, l.SpanContext.TraceState().String())
							assert.True(t, l.SpanContext.IsRemote())
						}
					})
				})
			}
		}
	}
}

// TestEdgeUnderASpan: a span of this process stays the parent.
func TestEdgeUnderASpan(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	h := mount(t, selling(taking()), otelx.NewTracer(provider, otelx.Edge()))
	outside, span := provider.Tracer("test").Start(t.Context(), "handler")
	get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(outside))
	}), "Traceparent: "+sampled)
	span.End()
	s := one(t, rec, "server", "POST /orders/{id}")
	assert.Equal(t, span.SpanContext().SpanID(), s.Parent().SpanID())
	assert.Empty(t, s.Links())
}
