package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// The transports.
const (
	overJSONRPC = "JSON-RPC"
	overNetRPC  = "net/rpc"
	overThrift  = "Thrift"
	overNATS    = "NATS"
)

func transports() []string { return []string{overJSONRPC, overNetRPC, overThrift, overNATS} }

// The kinds, as they are named in tables and plots.
const (
	kindRaw  = "library"
	kindOurs = "endpoint"
)

// The ends that ours may be at; the other end is the library.
const (
	atServer = "server"
	atClient = "client"
	atBoth   = "both ends"
)

func ends() []string { return []string{atServer, atClient, atBoth} }

func group(transport, end string) string { return transport + ", " + end }

// sum makes a call. A worker has one for itself.
type sum func(ctx context.Context, a, b int64) (int64, error)

// A link has the servers of one transport, and makes clients of them.
type link struct {
	// dial returns a client of a kind for each of n workers, of the server of a kind.
	dial func(client, server string, n int) ([]sum, error)
}

// fleet is a server of each kind on each transport.
type fleet struct {
	links map[string]*link
	stops []func() error
}

// workers is how many calls are made at the same time: with one, both ends would fall
// asleep after each message.
const workers = 8

// start starts the servers.
func (f *fleet) start() error {
	f.links = map[string]*link{}
	for transport, open := range map[string]func(f *fleet) (*link, error){
		overJSONRPC: openJSONRPC, overNetRPC: openNetRPC, overThrift: openThrift, overNATS: openNATS,
	} {
		l, err := open(f)
		if err != nil {
			return fmt.Errorf("%s: %w", transport, err)
		}
		f.links[transport] = l
	}
	return nil
}

func (f *fleet) atEnd(stop func() error) { f.stops = append(f.stops, stop) }

// stop stops what was started, the last first.
func (f *fleet) stop() error {
	var errs []error
	for i := len(f.stops) - 1; i >= 0; i-- {
		errs = append(errs, f.stops[i]())
	}
	f.stops = nil
	return errors.Join(errs...)
}

// cases returns what is measured, each after it has shown that it answers right.
func (f *fleet) cases() ([]measure.Case, error) {
	if err := f.start(); err != nil {
		return nil, err
	}
	var cases []measure.Case
	for _, transport := range transports() {
		for _, end := range ends() {
			for _, kind := range []string{kindRaw, kindOurs} {
				client, server := kindRaw, kindRaw
				if end != atServer {
					client = kind
				}
				if end != atClient {
					server = kind
				}
				calls, err := f.links[transport].dial(client, server, workers)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", group(transport, end), err)
				}
				run := runner(calls)
				if err := run(2 * workers); err != nil {
					return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", group(transport, end), kind, err)
				}
				cases = append(cases, measure.Case{Group: group(transport, end), Kind: kind, Windows: longWindow, Clock: measure.CPUTime, Run: run})
			}
		}
	}
	return cases, nil
}

// longWindow is how many windows long one is: long enough for some collections of garbage.
const longWindow = 30

// runner returns what makes n calls on all workers.
func runner(calls []sum) func(n int) error {
	return func(n int) error {
		// A call without a deadline is another one: a client of ours bounds it by itself, and
		// the libraries wait for ever.
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		return measure.OnWorkers(len(calls), n, func(worker, share int) error { return repeat(ctx, calls[worker], share) })
	}
}

func repeat(ctx context.Context, call sum, n int) error {
	for i := range int64(n) {
		if got, err := call(ctx, i, 2); err != nil || got != i+2 {
			return errors.Join(err, fmt.Errorf("the answer is %d, want %d", got, i+2))
		}
	}
	return nil
}
