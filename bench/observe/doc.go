// Command observe compares what the telemetry of package observe costs a call
// with OpenTelemetry's own instrumentation, go-kit's, and code written by hand.
// The report says what exactly is timed.
package main
