//go:build !race

package otelx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TestAllocs has what a call costs that is not recorded.
func TestAllocs(t *testing.T) {
	op := &endpoint.Operation{Service: "Shop", Name: "Order", Side: endpoint.ServerSide, Transport: "http", Method: "POST", Pattern: "/orders/{id}"}
	none := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	all := sdktrace.NewTracerProvider()
	for _, tt := range []struct {
		name     string
		provider trace.TracerProvider
		header   map[string][]string
		most     float64
	}{
		{"unsampled remote parent", all, map[string][]string{"Traceparent": {unsampled}}, 0},
		{"sampled out", none, nil, 3},
	} {
		layer := observe.New(otelx.NewTracer(tt.provider)).For(op)
		start := func() context.Context {
			ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.HTTPHeader(tt.header), endpoint.Header{})
			require.NoError(t, err)
			return ctx
		}
		call := testing.AllocsPerRun(100, func() { start() })
		got := testing.AllocsPerRun(100, func() {
			inner, token, _ := layer.Enter(start())
			_ = layer.Exit(inner, token, nil)
		}) - call
		assert.LessOrEqual(t, got, tt.most, tt.name)
	}
}

// TestMeterAllocs has a call that is measured with everything.
func TestMeterAllocs(t *testing.T) {
	m, _ := meterOf(t, otelx.Sizes())
	e := endpoint.Chain(func(context.Context, int) (int, error) { return 0, nil }, m.Wrap)
	ctx := t.Context()
	assert.Zero(t, testing.AllocsPerRun(200, func() { _, _ = e(ctx, 1) }))
}
