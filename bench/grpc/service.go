package main

import (
	"context"
	"errors"
	"io"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
)

// Every kind serves the same: Say answers with what it got, Count with as many
// notes as it is asked for, Sum with the sum of the notes' numbers, and Talk with
// each note as it comes.

func request() *echopb.Note { return &echopb.Note{Text: "hello, world", Number: 42} }

func item(i int) *echopb.Note { return &echopb.Note{Text: "item", Number: int64(i)} }

// generated is the service by hand, on generated code.
type generated struct {
	echopb.UnimplementedEchoServer
}

func (generated) Say(_ context.Context, n *echopb.Note) (*echopb.Note, error) { return n, nil }

func (generated) Count(n *echopb.Note, s grpc.ServerStreamingServer[echopb.Note]) error {
	for i := range int(n.GetNumber()) {
		if err := s.Send(item(i)); err != nil {
			return err
		}
	}
	return nil
}

func (generated) Sum(s grpc.ClientStreamingServer[echopb.Note, echopb.Note]) error {
	var total int64
	for {
		n, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return s.SendAndClose(&echopb.Note{Number: total})
		}
		if err != nil {
			return err
		}
		total += n.GetNumber()
	}
}

func (generated) Talk(s grpc.BidiStreamingServer[echopb.Note, echopb.Note]) error {
	for {
		n, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(n); err != nil {
			return err
		}
	}
}

// Echo is the service as a struct of endpoints, over any type of note.
type Echo[N any] struct {
	Say   endpoint.Endpoint[N, N]
	Count endpoint.Endpoint[N, endpoint.Stream[N]]
	Sum   endpoint.Endpoint[endpoint.Stream[N], N]
	Talk  endpoint.Endpoint[endpoint.Stream[N], endpoint.Stream[N]]
}

// noteOf makes notes of a type, and numberOf looks into them.
type notes[N any] struct {
	item   func(text string, number int64) N
	number func(n N) int64
}

func (k notes[N]) echo() Echo[N] {
	return Echo[N]{
		Say: func(_ context.Context, n N) (N, error) { return n, nil },
		Count: func(_ context.Context, n N) (endpoint.Stream[N], error) {
			return func(yield func(N, error) bool) {
				for i := range k.number(n) {
					if !yield(k.item("item", i), nil) {
						return
					}
				}
			}, nil
		},
		Sum: func(_ context.Context, items endpoint.Stream[N]) (N, error) {
			var total int64
			for n, err := range items {
				if err != nil {
					return *new(N), err
				}
				total += k.number(n)
			}
			return k.item("", total), nil
		},
		Talk: func(_ context.Context, items endpoint.Stream[N]) (endpoint.Stream[N], error) { return items, nil },
	}
}

// messages are notes as generated code has them.
var messages = notes[*echopb.Note]{
	item:   func(text string, number int64) *echopb.Note { return &echopb.Note{Text: text, Number: number} },
	number: (*echopb.Note).GetNumber,
}

// note is a plain Go type.
type note struct {
	Text   string `json:"text"`
	Number int64  `json:"number"`
}

var plain = notes[note]{
	item:   func(text string, number int64) note { return note{text, number} },
	number: func(n note) int64 { return n.Number },
}

var asMessage = grpcx.Map(
	func(n note) *echopb.Note { return &echopb.Note{Text: n.Text, Number: n.Number} },
	func(m *echopb.Note) (note, error) { return note{m.GetText(), m.GetNumber()}, nil },
)

// onMessages, mapped and asJSON describe the service in three ways.
type (
	onMessages struct{ Echo[*echopb.Note] }
	mapped     struct{ Echo[note] }
	asJSON     struct{ Echo[note] }
)

const serviceName = "endpoint.test.v1.Echo"

func (s *onMessages) GRPC(m *grpcx.Methods) {
	m.Service(serviceName)
	m.Unary("Say", &s.Say)
	m.ServerStream("Count", &s.Count)
	m.ClientStream("Sum", &s.Sum)
	m.Bidi("Talk", &s.Talk)
}

func (s *mapped) GRPC(m *grpcx.Methods) {
	m.Service(serviceName)
	m.UnaryAs("Say", &s.Say, asMessage, asMessage)
	m.ServerStreamAs("Count", &s.Count, asMessage, asMessage)
	m.ClientStreamAs("Sum", &s.Sum, asMessage, asMessage)
	m.BidiAs("Talk", &s.Talk, asMessage, asMessage)
}

func (s *asJSON) GRPC(m *grpcx.Methods) {
	m.Service("plain.Echo")
	m.Unary("Say", &s.Say)
	m.ServerStream("Count", &s.Count)
	m.ClientStream("Sum", &s.Sum)
	m.Bidi("Talk", &s.Talk)
}
