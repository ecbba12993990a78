package promx

import "context"

// An Option is for [New].
type Option interface{ apply(m *Metrics) }

type option func(*Metrics)

func (f option) apply(m *Metrics) { f(m) }

// Exemplars has traceID name the trace of a call, which the observation of its
// duration then points to. It returns "" for a call whose trace is not
// recorded, and should not allocate for those: otelx.TraceID is made for this.
// The default is no exemplars.
func Exemplars(traceID func(ctx context.Context) string) Option {
	return option(func(m *Metrics) {
		if m.faults.Check(traceID != nil, "Exemplars: the func is nil") {
			m.traceID = traceID
		}
	})
}

// MaxOperations bounds how many operations have series of their own, each side
// and transport counted by itself. All after them share those of the operation
// "other" of the service "other". The default is 1000. It also bounds the kinds
// of events and the states of a scrape, at ten times as many.
func MaxOperations(n int) Option {
	return option(func(m *Metrics) {
		if m.faults.Check(n >= 1, "MaxOperations: %d, want a positive number", n) {
			m.limit = n
		}
	})
}

// Buckets replaces the upper bounds, in seconds, of the classic buckets of
// durations. Without any there are native histograms alone, which only servers
// that scrape protobuf see. The default reaches from 0.5 ms to 10 s.
func Buckets(bounds ...float64) Option {
	bounds = append([]float64{}, bounds...)
	return option(func(m *Metrics) {
		for i := 1; i < len(bounds); i++ {
			if !m.faults.Check(bounds[i-1] < bounds[i], "Buckets: %v after %v, want ascending bounds", bounds[i], bounds[i-1]) {
				return
			}
		}
		m.bounds = bounds
	})
}

// Sizes adds histograms of the sizes of requests and responses. By default
// their bytes are only summed up, which costs a tenth of it.
func Sizes() Option {
	return option(func(m *Metrics) { m.sizes = true })
}
