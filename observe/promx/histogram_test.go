package promx

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/internal/series"
	"google.golang.org/protobuf/encoding/prototext"
)

// same fails the test unless a histogram of the client library says the same of
// these durations.
func same(t *testing.T, bounds []float64, ds []time.Duration) {
	t.Helper()
	reference := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "x", Help: "x", Buckets: bounds,
		NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: threshold,
	})
	h := newHistogram(newLayout(bounds), prometheus.NewDesc("x", "x", nil, nil))
	for _, d := range ds {
		reference.Observe(float64(d) / 1e9)
		h.observe(d, "")
	}
	var want, got dto.Metric
	require.NoError(t, reference.Write(&want))
	require.NoError(t, h.Write(&got))
	require.Equal(t, uint64(len(ds)), h.count())
	want.Histogram.CreatedTimestamp, got.Histogram.CreatedTimestamp = nil, nil
	require.Equal(t, prototext.Format(&want), prototext.Format(&got), "of %v", ds)
}

// TestHistogram compares with the client library's: at the bounds of both kinds
// of buckets, right beside them, and anywhere.
func TestHistogram(t *testing.T) {
	t.Parallel()
	bounds := series.Bounds()
	var edges []time.Duration
	for _, b := range bounds {
		d := time.Duration(math.Round(b * 1e9))
		edges = append(edges, d-1, d, d+1)
	}
	for power := -20; power <= 16; power++ {
		for i := range 8 {
			d := time.Duration(math.Exp2(float64(power)+float64(i)/8) * 1e9)
			edges = append(edges, d-1, d, d+1)
		}
	}
	same(t, bounds, nil)
	same(t, bounds, edges)
	same(t, []float64{1e-9, 1e-7, 0.25, 0.5, 0.51, 0.52, 1}, edges)
	for _, d := range append(edges, 0, 1, 953, 954, time.Hour, 36*time.Hour) {
		same(t, bounds, []time.Duration{d})
	}
	for range 100 {
		var ds []time.Duration
		for range rand.IntN(50) {
			ds = append(ds, time.Duration(math.Exp(rand.Float64()*math.Log(1e14))))
		}
		same(t, bounds, ds)
	}
}

// TestHistogramEnds has what is longer than all buckets.
func TestHistogramEnds(t *testing.T) {
	t.Parallel()
	h := newHistogram(newLayout(series.Bounds()), prometheus.NewDesc("x", "x", nil, nil))
	h.observe(math.MaxInt64, "1")
	h.observe(-1, "2")
	var got dto.Metric
	require.NoError(t, h.Write(&got))
	require.Equal(t, uint64(2), got.GetHistogram().GetSampleCount())
	require.Equal(t, uint64(1), got.GetHistogram().GetZeroCount())
	require.Len(t, got.GetHistogram().GetBucket(), len(series.Bounds())+1, "the last one is there for its exemplar")
}
