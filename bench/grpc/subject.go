package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// The kinds, as they are named in tables and plots.
const (
	kindRaw     = "grpc-go"
	kindOurs    = "grpcx"
	kindMapped  = "grpcx, mapped"
	kindJSON    = "grpcx, JSON"
	kindKit     = "go-kit"
	kindConnect = "connect-go"
)

// The ends that a kind may be at; the other end is generated code on grpc-go.
const (
	atServer = "server"
	atClient = "client"
	atBoth   = "both ends"
)

func ends() []string { return []string{atServer, atClient, atBoth} }

// The shapes of calls.
const (
	unaryCall     = "unary"
	countMessages = "server stream"
	sumMessages   = "client stream"
	talkMessages  = "bidi"
)

func shapes() []string { return []string{unaryCall, countMessages, sumMessages, talkMessages} }

func group(shape, end string) string { return shape + ", " + end }

// kinds returns those that are measured; JSON is spoken by both ends or none, and
// go-kit has no streams.
func kinds(shape, end string) []string {
	all := []string{kindRaw, kindOurs, kindMapped}
	if end == atBoth {
		all = append(all, kindJSON)
	}
	if shape == unaryCall {
		all = append(all, kindKit)
	}
	return append(all, kindConnect)
}

const (
	// workers is how many calls are made at the same time: with one, both ends
	// would fall asleep after each message.
	workers = 8
	// length is the most messages of one stream.
	length = 1000
	// longWindow is how many windows long one is: long enough for some collections
	// of garbage. What is luck, such as how many messages go into one write, is
	// mostly that of a whole process, so that rounds make up for it and longer
	// windows do not.
	longWindow = 30
)

// cases returns what is measured, each after it has shown that it answers right.
// It is processor time of both ends and of the system.
func (f *fleet) cases() ([]measure.Case, error) {
	var cases []measure.Case
	for _, shape := range shapes() {
		for _, end := range ends() {
			for _, kind := range kinds(shape, end) {
				client, server := kindRaw, kindRaw
				if end != atServer {
					client = kind
				}
				if end != atClient {
					server = kind
				}
				c, err := f.clientOf(client, server)
				if err != nil {
					return nil, err
				}
				run := runner(shape, c)
				if err := run(2*length + 1); err != nil {
					return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", group(shape, end), kind, err)
				}
				cases = append(cases, measure.Case{Group: group(shape, end), Kind: kind, Windows: longWindow, Clock: measure.CPUTime, Run: run})
			}
		}
	}
	return cases, nil
}

// runner returns what makes n calls, or streams n messages, on all workers.
func runner(shape string, c calls) func(n int) error {
	part := map[string]func(ctx context.Context, n int) error{
		unaryCall: func(ctx context.Context, n int) error {
			for range n {
				if got, err := c.say(ctx); err != nil || got != 42 {
					return errors.Join(err, checkSum(got, 42))
				}
			}
			return nil
		},
		countMessages: streaming(c.count),
		sumMessages:   streaming(c.sum),
		talkMessages:  streaming(c.talk),
	}[shape]
	return func(n int) error {
		// A call without a deadline is another one: grpcx bounds it by itself, and the
		// other clients wait for ever.
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		return measure.OnWorkers(workers, n, func(_, share int) error { return part(ctx, share) })
	}
}

// streaming splits messages into streams.
func streaming(call func(ctx context.Context, n int) (int64, error)) func(ctx context.Context, n int) error {
	return func(ctx context.Context, n int) error {
		for ; n > 0; n -= length {
			many := min(n, length)
			if got, err := call(ctx, many); err != nil || got != int64(many) {
				return errors.Join(err, checkSum(got, int64(many)))
			}
		}
		return nil
	}
}

func checkSum(got, want int64) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("the answer is %d, want %d", got, want)
}
