//go:build !race

package promx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/promx"
)

// TestAllocs has a call that is measured.
func TestAllocs(t *testing.T) {
	e := func(context.Context, int) (int, error) { return 0, nil }
	for name, m := range map[string]*promx.Metrics{
		"plain": promx.New(),
		"all":   promx.New(promx.Sizes(), promx.Exemplars(func(context.Context) string { return "" })),
	} {
		call := endpoint.Chain(e, m.Wrap)
		ctx := t.Context()
		assert.Zero(t, testing.AllocsPerRun(200, func() { _, _ = call(ctx, 1) }), name)
	}
}

func BenchmarkMetrics(b *testing.B) {
	op := &endpoint.Operation{Service: "Profiles", Name: "Get", Side: endpoint.ServerSide, Transport: "http"}
	ctx, _, err := endpoint.StartCall(b.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(b, err)
	e := func(context.Context, int) (int, error) { return 0, nil }
	call := endpoint.Stack{promx.New().For(op)}.Wrap(e)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = call(ctx, 1)
	}
}

func BenchmarkClock(b *testing.B) {
	for b.Loop() {
		start := time.Now()
		sink = time.Since(start)
	}
}

var sink time.Duration
