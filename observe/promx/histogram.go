package promx

import (
	"math"
	"sort"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The buckets of native histograms
// (https://prometheus.io/docs/specs/native_histograms/): of schema 3, which has
// eight for each doubling, from a microsecond to 36 hours. What is below is in
// the zero bucket, what is above in the last one.
const (
	schema    = 3
	perPower  = 1 << schema
	minPower  = -20
	maxPower  = 17
	natives   = (maxPower - minPower) * perPower
	firstKey  = minPower*perPower + 1 // the specification's index of the lowest bucket
	threshold = 1.0 / (1 << -minPower)
)

// A layout has cells so small that each lies within one native and one classic
// bucket. So an observation is one addition, where the client library's
// histogram makes one for each kind and keeps its native buckets in a map.
type layout struct {
	bounds  []float64 // of the classic buckets
	mantiss [perPower]float64

	first [natives + 1]int // the first cell of a native bucket; that of 0 is for the zero bucket
	bound [natives + 1]int // the first of bounds that is above the bucket's lower one

	native  []int // of a cell, the native bucket
	classic []int // of a cell, the classic bucket
}

func newLayout(bounds []float64) *layout {
	l := &layout{bounds: bounds}
	for i := range l.mantiss {
		l.mantiss[i] = math.Exp2(float64(i)/perPower) / 2
	}
	lower := math.Inf(-1)
	for n := range natives + 1 {
		upper := l.upper(n)
		l.first[n] = len(l.native)
		l.bound[n] = sort.Search(len(bounds), func(i int) bool { return bounds[i] > lower })
		for b := l.bound[n]; ; b++ {
			l.native, l.classic = append(l.native, n), append(l.classic, b)
			if b == len(bounds) || bounds[b] >= upper {
				break
			}
		}
		lower = upper
	}
	return l
}

// upper is the upper bound of a native bucket, which belongs to it.
func (l *layout) upper(n int) float64 {
	key := n - 1 + firstKey
	return math.Ldexp(l.mantiss[(key%perPower+perPower)%perPower], 1+int(math.Floor(float64(key)/perPower)))
}

// cell returns where a value belongs.
func (l *layout) cell(v float64) int {
	n := 0
	if v > threshold {
		// As math.Frexp: a fraction from a half up to one, and a power of two.
		bits := math.Float64bits(v)
		exp := int(bits>>52) - 1022
		frac := math.Float64frombits(bits&(1<<52-1) | 1022<<52)
		i := int(bits >> 49 & 7) // of eight even parts; above the first, i bounds and one more are below
		if i > 0 {
			i++
		}
		for i < perPower && frac > l.mantiss[i] {
			i++
		}
		n = min(natives, (exp-1)*perPower+i-firstKey+1)
	}
	cell, b := l.first[n], l.bound[n]
	for ; b < len(l.bounds) && v > l.bounds[b] && cell+1 < len(l.native) && l.native[cell+1] == n; b++ {
		cell++
	}
	return cell
}

// A histogram is a prometheus.Metric, native and classic. See decision 70.
type histogram struct {
	*layout
	desc    *prometheus.Desc
	labels  []*dto.LabelPair
	created *timestamppb.Timestamp

	cells     []atomic.Uint64
	sum       atomic.Uint64                  // the bits of a float64
	exemplars []atomic.Pointer[dto.Exemplar] // of each classic bucket the last
}

func newHistogram(l *layout, desc *prometheus.Desc, values ...string) *histogram {
	return &histogram{
		layout: l, desc: desc, labels: prometheus.MakeLabelPairs(desc, values), created: timestamppb.Now(),
		cells: make([]atomic.Uint64, len(l.native)), exemplars: make([]atomic.Pointer[dto.Exemplar], len(l.bounds)+1),
	}
}

// observe adds a duration; trace is "" for one without an exemplar.
func (h *histogram) observe(d time.Duration, trace string) {
	v := float64(d) / 1e9 // Seconds divides integers, which takes as long as all else here
	cell := h.cell(v)
	h.cells[cell].Add(1)
	for {
		bits := h.sum.Load()
		if h.sum.CompareAndSwap(bits, math.Float64bits(math.Float64frombits(bits)+v)) {
			break
		}
	}
	if trace != "" {
		h.exemplars[h.classic[cell]].Store(&dto.Exemplar{
			Label: []*dto.LabelPair{{Name: new("trace_id"), Value: new(cut(trace, maxTrace))}},
			Value: new(v), Timestamp: timestamppb.Now(),
		})
	}
}

// count returns how many were observed.
func (h *histogram) count() uint64 {
	var n uint64
	for i := range h.cells {
		n += h.cells[i].Load()
	}
	return n
}

// Desc is for prometheus.Metric.
func (h *histogram) Desc() *prometheus.Desc { return h.desc }

// Write is for prometheus.Metric.
func (h *histogram) Write(m *dto.Metric) error {
	byNative, byClassic := make([]uint64, natives+1), make([]uint64, len(h.bounds)+1)
	var count uint64
	for i := range h.cells {
		n := h.cells[i].Load()
		byNative[h.native[i]] += n
		byClassic[h.classic[i]] += n
		count += n
	}
	out := &dto.Histogram{
		SampleCount: &count, SampleSum: new(math.Float64frombits(h.sum.Load())), CreatedTimestamp: h.created,
		Schema: new(int32(schema)), ZeroThreshold: new(float64(threshold)), ZeroCount: &byNative[0],
	}
	h.writeClassic(out, byClassic)
	writeNative(out, byNative[1:])
	m.Label, m.Histogram = h.labels, out
	return nil
}

// writeClassic adds the classic buckets, which count what is below as well.
func (h *histogram) writeClassic(out *dto.Histogram, counts []uint64) {
	var below uint64
	for i, bound := range h.bounds {
		below += counts[i]
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: new(bound), CumulativeCount: new(below), Exemplar: h.exemplars[i].Load()})
	}
	if e := h.exemplars[len(h.bounds)].Load(); e != nil { // the bucket without a bound is there for its exemplar only
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: new(math.Inf(1)), CumulativeCount: out.SampleCount, Exemplar: e})
	}
}

// writeNative adds the native buckets that are not empty: spans of them, and in
// each the difference to the one before. A gap of two is smaller than a span.
func writeNative(out *dto.Histogram, counts []uint64) {
	next, before := 0, uint64(0) // the key after the last span; the last count
	add := func(n uint64) {
		out.PositiveDelta = append(out.PositiveDelta, int64(n-before)) //nolint:gosec // the difference of two counts
		before = n
		next++
	}
	for i, n := range counts {
		if n == 0 {
			continue
		}
		key := i + firstKey
		if last := len(out.PositiveSpan) - 1; last >= 0 && key-next <= 2 {
			*out.PositiveSpan[last].Length += uint32(key - next + 1) //nolint:gosec // three at most
			for next < key {
				add(0)
			}
		} else {
			out.PositiveSpan = append(out.PositiveSpan, &dto.BucketSpan{Offset: new(int32(key - next)), Length: new(uint32(1))}) //nolint:gosec // a few hundred at most
			next = key
		}
		add(n)
	}
}
