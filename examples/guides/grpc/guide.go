// Package grpcguide is the code of the guide to services over gRPC, docs/grpc.md.
package grpcguide

import (
	"context"
	"errors"
	"log/slog"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
)

// snippet: service

// Journal is the service.
type Journal struct {
	Write  endpoint.Endpoint[Entry, Entry]
	Find   endpoint.Endpoint[Entry, Entry]
	Follow endpoint.Endpoint[Entry, endpoint.Stream[Entry]]
	Import endpoint.Endpoint[endpoint.Stream[Entry], Entry]
	Edit   endpoint.Endpoint[endpoint.Stream[Entry], endpoint.Stream[Entry]]
}

// Entry is a type of the domain's own.
type Entry struct {
	Text string `json:"text"`
	ID   int64  `json:"id"`
}

// GRPC describes the service.
func (s *Journal) GRPC(m *grpcx.Methods) {
	m.Service("journal.v1.Journal")
	m.Unary("Write", &s.Write, grpcx.Fails(ErrFull))
	m.Unary("Find", &s.Find, grpcx.Idempotent())
	m.ServerStream("Follow", &s.Follow)
	m.ClientStream("Import", &s.Import)
	m.Bidi("Edit", &s.Edit)
}

// end snippet

// snippet: errors

// ErrFull is an error that callers may match, in another process too.
var ErrFull = endpoint.Define(endpoint.ResourceExhausted, "journal", "FULL", "the journal is full")

// end snippet

// snippet: mapping

// MessageJournal is the same service in protobuf, as a .proto file has it.
type MessageJournal struct{ Journal }

// GRPC describes it: the types of the domain on one side, the generated messages
// on the other.
func (s *MessageJournal) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Write, entry, entry, grpcx.Fails(ErrFull))
	m.UnaryAs("Look", &s.Find, entry, entry)
	m.ServerStreamAs("Count", &s.Follow, entry, entry)
	m.ClientStreamAs("Sum", &s.Import, entry, entry)
	m.BidiAs("Talk", &s.Edit, entry, entry)
}

// entry says how an Entry is written as a message, and how it is read back.
var entry = grpcx.Map(
	func(e Entry) *echopb.Note { return &echopb.Note{Text: e.Text, Number: e.ID} },
	func(m *echopb.Note) (Entry, error) { return Entry{m.GetText(), m.GetNumber()}, nil },
)

// end snippet

// snippet: server

// addJournal adds the service to a server.
func addJournal(s *server.Server, addr string, svc *Journal, log *slog.Logger, layers ...endpoint.Layer) error {
	calls := grpc.NewServer(grpcx.ServerOptions()...)
	use := grpcx.Use(append([]endpoint.Layer{s}, layers...)...)
	report := grpcx.ErrorHook(func(ctx context.Context, err error) { log.ErrorContext(ctx, "a call failed", "err", err) })
	health, err := grpcx.Health(calls)
	s.Add(server.GRPC(addr, calls, health))
	return errors.Join(err,
		grpcx.Register(calls, svc, use, report),
		grpcx.Register(calls, &MessageJournal{*svc}, use, report),
		grpcx.Reflect(calls),
	)
}

// end snippet

// snippet: client

// connect returns the service as a client of the server at addr.
func connect(addr string, opts ...grpc.DialOption) (*Journal, *grpc.ClientConn, error) {
	opts = append(grpcx.DialOptions(), opts...)
	conn, err := grpc.NewClient(addr, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil, nil, err
	}
	var c Journal
	return &c, conn, grpcx.Client(grpcx.To(conn), &c)
}

// end snippet

// snippet: formats

// formats serves JSON and XML, each to the clients that speak it.
func formats(s *grpc.Server, svc *Journal) error {
	return grpcx.Register(s, svc, grpcx.Formats(codec.JSON(), codec.XML()))
}

// end snippet

// snippet: metadata

// find reads and sets metadata on a server.
func find(ctx context.Context, e Entry) (Entry, error) {
	call := endpoint.CallFrom(ctx)
	e.Text = call.Header().Get("x-tenant")
	call.Reply().Set("x-version", "7")
	return e, nil
}

// ask sends metadata with one call, compressed, and gets the server's.
func ask(ctx context.Context, c *Journal) (version []string, err error) {
	ctx = endpoint.WithHeader(ctx, "x-tenant", "acme")
	var header metadata.MD
	ctx = grpcx.WithCallOptions(ctx, grpc.UseCompressor(gzip.Name), grpc.Header(&header))
	_, err = c.Find(ctx, Entry{})
	return header["x-version"], err
}

// end snippet

// snippet: streams

// follow ends the call on the server when it has seen enough.
func follow(ctx context.Context, c *Journal) (last Entry, err error) {
	entries, err := c.Follow(ctx, Entry{ID: 1})
	if err != nil {
		return last, err
	}
	for e, err := range entries {
		if err != nil {
			return last, err
		}
		last = e
		if e.ID == 3 {
			break
		}
	}
	return last, nil
}

// end snippet
