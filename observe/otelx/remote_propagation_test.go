package otelx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
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

const (
	traceID   = "0af7651916cd43dd8448eb211c80319c"
	spanID    = "b7ad6b7169203331"
	sampled   = "00-" + traceID + "-" + spanID + "-01"
	unsampled = "00-" + traceID + "-" + spanID + "-00"
)

// get asks h for an order with these headers, each "Key: value".
func get(tb testing.TB, h http.Handler, headers ...string) {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/orders/7", strings.NewReader(`{"item":"pen"}`))
	req.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		key, value, _ := strings.Cut(line, ": ")
		req.Header.Add(key, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	require.Equal(tb, http.StatusOK, w.Code, w.Body.String())
}

// TestTraceContext has the cases of the W3C's test suite: what continues the
// trace, and what starts another.
func TestTraceContext(t *testing.T) {
	t.Parallel()
	states := func(n int) string {
		var members []string
		for i := range n {
			members = append(members, "k"+strconv.Itoa(i)+"=v")
		}
		return strings.Join(members, ",")
	}
	for _, tt := range []struct {
		name      string
		headers   []string
		continues bool
		state     string // of the trace that is continued
	}{
		{"well-formed", []string{"Traceparent: " + sampled}, true, ""},
		{"key in lower case", []string{"traceparent: " + sampled}, true, ""},
		{"none", nil, false, ""},
		{"empty", []string{"Traceparent: "}, false, ""},
		{"too long", []string{"Traceparent: " + sampled + "-extra"}, false, ""},
		{"too short", []string{"Traceparent: " + sampled[:54]}, false, ""},
		{"trace id all zero", []string{"Traceparent: 00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}, false, ""},
		{"span id all zero", []string{"Traceparent: 00-" + traceID + "-" + strings.Repeat("0", 16) + "-01"}, false, ""},
		{"trace id too long", []string{"Traceparent: 00-" + traceID + "0-" + spanID + "-01"}, false, ""},
		{"upper case", []string{"Traceparent: " + strings.ToUpper(sampled)}, false, ""},
		{"no hex", []string{"Traceparent: 00-" + strings.Replace(traceID, "a", "g", 1) + "-" + spanID + "-01"}, false, ""},
		{"flags no hex", []string{"Traceparent: 00-" + traceID + "-" + spanID + "-.1"}, false, ""},
		{"other separators", []string{"Traceparent: " + strings.ReplaceAll(sampled, "-", "_")}, false, ""},
		{"version ff", []string{"Traceparent: ff" + sampled[2:]}, false, ""},
		{"version no hex", []string{"Traceparent: 0x" + sampled[2:]}, false, ""},
		{"future version", []string{"Traceparent: cc" + sampled[2:]}, true, ""},
		{"future version with more", []string{"Traceparent: cc" + sampled[2:] + "-what-the-future-will-be-like"}, true, ""},
		{"future version with more, but no dash", []string{"Traceparent: cc" + sampled[2:] + ".what"}, false, ""},
		{"twice", []string{"Traceparent: " + sampled, "Traceparent: " + sampled}, false, ""},
		{"state", []string{"Traceparent: " + sampled, "Tracestate: foo=1,bar=2"}, true, "foo=1,bar=2"},
		{"state in two lines", []string{"Traceparent: " + sampled, "Tracestate: foo=1", "Tracestate: bar=2"}, true, "foo=1,bar=2"},
		{"state without a parent", []string{"Tracestate: foo=1"}, false, ""},
		{"state of 32 members", []string{"Traceparent: " + sampled, "Tracestate: " + states(32)}, true, states(32)},
		{"state of 33 members", []string{"Traceparent: " + sampled, "Tracestate: " + states(33)}, true, ""},
		{"state with a key twice", []string{"Traceparent: " + sampled, "Tracestate: foo=1,foo=2"}, true, ""},
		{"state malformed", []string{"Traceparent: " + sampled, "Tracestate: foo =1"}, true, ""},
		{"state of a key too long", []string{"Traceparent: " + sampled, "Tracestate: " + strings.Repeat("z", 257) + "=1"}, true, ""},
		{"state of a long key", []string{"Traceparent: " + sampled, "Tracestate: " + strings.Repeat("z", 256) + "=1"}, true, strings.Repeat("z", 256) + "=1"},
		{"state of a key with a tenant", []string{"Traceparent: " + sampled, "Tracestate: " + strings.Repeat("t", 241) + "@" + strings.Repeat("v", 14) + "=1"}, true, strings.Repeat("t", 241) + "@" + strings.Repeat("v", 14) + "=1"},
		{"state of a value too long", []string{"Traceparent: " + sampled, "Tracestate: foo=" + strings.Repeat("z", 257)}, true, ""},
		{"state of a value with an equals sign", []string{"Traceparent: " + sampled, "Tracestate: foo=bar=baz"}, true, ""},
		{"state of a key in upper case", []string{"Traceparent: " + sampled, "Tracestate: FOO=1"}, true, ""},
		{"state with empty members and spaces", []string{"Traceparent: " + sampled, "Tracestate: foo=1 \t,,\t bar=2,"}, true, "foo=1,bar=2"},
		{"state empty", []string{"Traceparent: " + sampled, "Tracestate: "}, true, ""},
		{"state of 512 bytes", []string{"Traceparent: " + sampled, "Tracestate: " + strings.Repeat("a", 254) + "=1," + strings.Repeat("b", 253) + "=2"}, true, strings.Repeat("a", 254) + "=1," + strings.Repeat("b", 253) + "=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, rec := record(t)
			get(t, mount(t, selling(taking()), otelx.NewTracer(provider)), tt.headers...)
			s := one(t, rec, "server", "POST /orders/{id}")
			assert.Equal(t, tt.continues, s.SpanContext().TraceID().String() == traceID, "trace id %s", s.SpanContext().TraceID())
			assert.Equal(t, tt.continues, s.Parent().SpanID().String() == spanID)
			assert.Equal(t, tt.continues, s.Parent().IsRemote())
			assert.Equal(t, tt.state, s.SpanContext().TraceState().String())
		})
	}
}

// TestUnsampledParent has the same table for callers that do not record: what
// the quick look at the header and the propagator say must agree.
func TestUnsampledParent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		parent  string
		started bool
	}{
		{"unsampled", unsampled, false},
		{"unsampled, random", unsampled[:54] + "2", false},
		{"sampled", sampled, true},
		{"sampled, random", unsampled[:54] + "3", true},
		{"bits without meaning", unsampled[:53] + "10", true},
		{"future version", "01" + unsampled[2:], false},
		{"version ff", "ff" + unsampled[2:], true},
		{"too long", unsampled + "-00", true},
		{"trace id all zero", "00-" + strings.Repeat("0", 32) + "-" + spanID + "-00", true},
		{"span id all zero", "00-" + traceID + "-" + strings.Repeat("0", 16) + "-00", true},
		{"upper case", strings.ToUpper(unsampled), true},
		{"no hex", "00-" + strings.Replace(traceID, "a", "/", 1) + "-" + spanID + "-00", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, rec := record(t)
			get(t, mount(t, selling(taking()), otelx.NewTracer(provider)), "Traceparent: "+tt.parent)
			assert.Equal(t, tt.started, len(rec.Started()) == 1, "%d spans", len(rec.Started()))

			provider, rec = record(t)
			get(t, mount(t, selling(taking()), otelx.NewTracer(provider, otelx.AskSampler())), "Traceparent: "+tt.parent)
			assert.Equal(t, tt.started, len(rec.Started()) == 1, "asked: %d spans", len(rec.Started()))
		})
	}
}

// TestAskSampler has a sampler that wants what callers do not.
func TestAskSampler(t *testing.T) {
	t.Parallel()
	for _, ask := range []bool{false, true} {
		provider, rec := record(t, sdktrace.WithSampler(sdktrace.AlwaysSample()))
		var opts []otelx.TracerOption
		if ask {
			opts = append(opts, otelx.AskSampler())
		}
		get(t, mount(t, selling(taking()), otelx.NewTracer(provider, opts...)), "Traceparent: "+unsampled)
		assert.Equal(t, ask, len(rec.Ended()) == 1, "%d spans, asking: %v", len(rec.Ended()), ask)
	}
}

// heard is a Stock that notes the metadata of its last call.
func heard(header *map[string]string) *Stock {
	stock := taking()
	take := stock.Take
	stock.Take = func(ctx context.Context, i Item) (Receipt, error) {
		*header = map[string]string{}
		for k, vs := range endpoint.CallFrom(ctx).Header().All() {
			(*header)[k] = strings.Join(vs, "|")
		}
		return take(ctx, i)
	}
	return stock
}

// TestUnsampledOnwards has a call that is not recorded, through two servers: the
// second hears what the first did.
func TestUnsampledOnwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider, rec := record(t)
		tracer := otelx.NewTracer(provider)
		var header map[string]string
		shop := selling(overGRPC(t, heard(&header), layers(tracer), layers(tracer)))
		order := shop.Order
		shop.Order = func(ctx context.Context, o Order) (Receipt, error) {
			sc := trace.SpanContextFromContext(ctx)
			assert.True(t, sc.IsRemote() && sc.TraceID().String() == traceID && !sc.IsSampled(), "other instrumentation sees %v", sc)
			assert.Equal(t, "ada", baggage.FromContext(ctx).Member("user").Value())
			assert.Nil(t, ctx.Value(http.LocalAddrContextKey), "of a key that is no trace's")
			return order(ctx, o)
		}
		get(t, mount(t, shop, tracer), "Traceparent: "+unsampled, "Tracestate: foo=1", "Baggage: user=ada")
		assert.Equal(t, unsampled, header["traceparent"])
		assert.Equal(t, "foo=1", header["tracestate"])
		assert.Equal(t, "user=ada", header["baggage"])
		assert.Empty(t, rec.Started())
	})
}

// TestSampledOutOnwards has a call that the first server's sampler does not
// want: those after it obey.
func TestSampledOutOnwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		never := otelx.NewTracer(func() *sdktrace.TracerProvider {
			p, _ := record(t, sdktrace.WithSampler(sdktrace.NeverSample()))
			return p
		}())
		provider, rec := record(t) // would record each
		var header map[string]string
		shop := selling(overGRPC(t, heard(&header), layers(otelx.NewTracer(provider)), layers(never)))
		get(t, mount(t, shop, never))
		assert.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`, header["traceparent"])
		assert.Empty(t, rec.Started())
	})
}

// TestBaggage has what an operator put into the context of the first call.
func TestBaggage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider, _ := record(t)
		var header map[string]string
		c := chain(t, otelx.NewTracer(provider), heard(&header))
		member, err := baggage.NewMember("tenant", "blue")
		require.NoError(t, err)
		bag, err := baggage.New(member)
		require.NoError(t, err)
		_, err = c.Order(baggage.ContextWithBaggage(t.Context(), bag), Order{"7", "pen"})
		require.NoError(t, err)
		assert.Equal(t, "tenant=blue", header["baggage"])
	})
}

// TestOneTraceOfB3 has a call through two servers and both transports, each of
// which hears of the one before it by B3 alone.
func TestOneTraceOfB3(t *testing.T) {
	t.Parallel()
	for name, encoding := range map[string]b3.Encoding{"single": b3.B3SingleHeader, "multiple": b3.B3MultipleHeader} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, rec := record(t)
				var header map[string]string
				c := chain(t, otelx.NewTracer(provider, otelx.Propagators(b3.New(b3.WithInjectEncoding(encoding)))), heard(&header))
				require.NoError(t, order(t.Context(), c))
				synctest.Wait()
				below(t, lineOf(t, rec, "POST /orders/{id}", "shop.v1.Stock/Take")...)
				assert.NotContains(t, header, "traceparent")
			})
		})
	}
}

// TestB3 has both forms of B3 in and out, beside W3C's.
func TestB3(t *testing.T) {
	t.Parallel()
	single := b3.New(b3.WithInjectEncoding(b3.B3SingleHeader))
	multiple := b3.New(b3.WithInjectEncoding(b3.B3MultipleHeader))
	both := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, single)
	for _, tt := range []struct {
		name       string
		propagator propagation.TextMapPropagator
		headers    []string
		started    bool
		key, value string // what goes out; value is a pattern
	}{
		{"single", single, []string{"B3: " + traceID + "-" + spanID + "-1"}, true, "b3", "^" + traceID + "-[0-9a-f]{16}-1$"},
		{"single, debug", single, []string{"B3: " + traceID + "-" + spanID + "-d"}, true, "b3", "^" + traceID + "-[0-9a-f]{16}-d$"},
		{"single, unsampled", single, []string{"B3: " + traceID + "-" + spanID + "-0"}, false, "b3", "^" + traceID + "-" + spanID + "-0$"},
		{"multiple", multiple, []string{"X-B3-TraceId: " + traceID, "X-B3-SpanId: " + spanID, "X-B3-Sampled: 1"}, true, "x-b3-traceid", "^" + traceID + "$"},
		{"multiple, unsampled", multiple, []string{"X-B3-TraceId: " + traceID, "X-B3-SpanId: " + spanID, "X-B3-Sampled: 0"}, false, "x-b3-sampled", "^0$"},
		{"multiple in, single out", single, []string{"X-B3-TraceId: " + traceID, "X-B3-SpanId: " + spanID, "X-B3-Sampled: 1"}, true, "b3", "^" + traceID + "-[0-9a-f]{16}-1$"},
		{"both, W3C alone", both, []string{"Traceparent: " + unsampled}, false, "b3", "^" + traceID + "-" + spanID + "-0$"},
		{"both, B3 alone", both, []string{"B3: " + traceID + "-" + spanID + "-1"}, true, "traceparent", "^00-" + traceID + "-[0-9a-f]{16}-01$"},
		{"both, at odds", both, []string{"Traceparent: " + unsampled, "B3: " + traceID + "-" + spanID + "-1"}, true, "traceparent", "^00-" + traceID + "-[0-9a-f]{16}-01$"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, rec := record(t)
				tracer := otelx.NewTracer(provider, otelx.Propagators(tt.propagator))
				var header map[string]string
				shop := selling(overGRPC(t, heard(&header), layers(tracer), layers(tracer)))
				get(t, mount(t, shop, tracer), tt.headers...)
				synctest.Wait()
				assert.Equal(t, tt.started, len(rec.Started()) == 3, "%d spans", len(rec.Started()))
				assert.Regexp(t, tt.value, header[tt.key])
			})
		})
	}
}
