package main

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint"
)

// The kinds, as they are named in tables and plots.
const (
	kindNone   = "nothing"
	kindClock  = "two clock readings"
	kindOurs   = "observe"
	kindOtelx  = "observe, otelx.Meter"
	kindHand   = "by hand"
	kindNaive  = "wrappers"
	kindKit    = "go-kit"
	kindHTTP   = "otelhttp"
	kindGRPC   = "otelgrpc"
	kindSDK    = "by hand, OpenTelemetry"
	kindLookup = "by hand, with look-ups"
)

func kinds() []string {
	return []string{kindNone, kindClock, kindOurs, kindOtelx, kindHand, kindSDK, kindLookup, kindNaive, kindKit, kindHTTP, kindGRPC}
}

// The groups: what is compared with each other.
const (
	groupMetrics  = "metrics alone"
	groupOut      = "everything, sampled out here"
	groupParent   = "everything, sampled out by the caller"
	groupRecorded = "everything, recorded"
)

func groups() []string { return []string{groupMetrics, groupOut, groupParent, groupRecorded} }

// A record is the request and the response: 16 bytes.
type record struct{ ID, Last int64 }

// An answer is what is timed: a function that is called with telemetry around
// it.
type answer = endpoint.Endpoint[record, record]

//go:noinline
func handle(_ context.Context, req record) (record, error) {
	return record{req.ID, req.Last + 1}, nil
}

// op is what is called.
var op = &endpoint.Operation{Service: "Profiles", Name: "Get", Transport: "http", Method: "GET", Pattern: "/profiles/{id}", Idempotent: true, Side: endpoint.ServerSide}

// unsampled is what a caller sends that does not record its trace.
const unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

// A subject is one way to call handle.
type subject struct {
	group, kind string
	answer      answer
}

// run calls it n times, each with a Call that knows no telemetry yet, and checks
// the sum of the answers: this is the use of the results that keeps the compiler
// from removing the work.
func (s subject) run(n int) error {
	header := map[string][]string{}
	if s.group == groupParent {
		header["Traceparent"] = []string{unsampled}
	}
	ctx, _, err := endpoint.StartCall(context.Background(), op, endpoint.HTTPHeader(header), endpoint.HTTPHeader(nil))
	if err != nil {
		return err
	}
	call := endpoint.CallFrom(ctx)
	req, sum := record{ID: int64(n)}, int64(0)
	for range n {
		call.SetValues(nil)
		resp, err := s.answer(ctx, req)
		if err != nil {
			return err
		}
		sum += resp.Last
	}
	if sum != int64(n) {
		return fmt.Errorf("wrong answers: their sum is %d, want %d", sum, n)
	}
	return nil
}

// subjects returns all that is measured, in the order of the tables.
func subjects() []subject {
	all := []subject{}
	for _, g := range groups() {
		all = append(all, subject{g, kindNone, handle})
	}
	for _, more := range [][]subject{ours(), hands(), naives(), kits(), instrumentations()} {
		all = append(all, more...)
	}
	return all
}
