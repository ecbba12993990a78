// Package series names the time series of calls, for who writes them and for
// who reads them.
package series

// The metrics, as Prometheus names them.
const (
	Duration      = "endpoint_call_duration_seconds"
	FirstItem     = "endpoint_first_item_seconds"
	Calls         = "endpoint_calls_total"
	InFlight      = "endpoint_calls_in_flight"
	RequestBytes  = "endpoint_request_bytes_total"
	ResponseBytes = "endpoint_response_bytes_total"
	RequestSize   = "endpoint_request_size_bytes"
	ResponseSize  = "endpoint_response_size_bytes"
	Events        = "endpoint_events_total"

	// StatePrefix is what the names of gauges begin with; their source and
	// metric follow.
	StatePrefix = "endpoint_"
)

// The labels.
const (
	Service   = "service"
	Operation = "operation"
	Side      = "side"
	Transport = "transport"
	Code      = "code"

	// Of events and states.
	Name   = "name"
	Source = "source"
	Kind   = "kind"
	Detail = "detail"
)

// Bounds are the upper bounds of the classic buckets of durations, in seconds:
// those of OpenTelemetry's conventions, with three below for what is called in
// memory or next door.
func Bounds() []float64 {
	return []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}
