// Package transport is the code of docs/transports.md.
package transport

import (
	"context"
	"errors"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/server"
)

// snippet: service

// Rooms is the service: on a server its fields are the implementation, on a client the
// calls.
type Rooms struct {
	Book endpoint.Endpoint[Booking, Receipt]
	Free endpoint.Endpoint[endpoint.Empty, []string]
}

// A Booking is the request of Book.
type Booking struct {
	Room  string `json:"room" required:"true"`
	Seats int    `json:"seats,omitzero"`
}

// A Receipt is the response of Book.
type Receipt struct {
	Number int `json:"number"`
}

// ErrTaken is the error of a room that is taken.
var ErrTaken = endpoint.Define(endpoint.AlreadyExists, "rooms", "TAKEN", "the room is taken")

// Describe states what holds over every transport.
func (s *Rooms) Describe(f *endpoint.Facts) {
	f.Of(&s.Book, endpoint.Fails(ErrTaken))
	f.Of(&s.Free, endpoint.Idempotent())
}

// end snippet

// snippet: jsonrpc

// JSONRPC describes the service to JSON-RPC.
func (s *Rooms) JSONRPC(m *jsonrpcx.Methods) {
	m = m.Under("rooms.")
	m.Method("book", &s.Book)
	m.Method("free", &s.Free)
}

// end snippet

// snippet: rpc

// RPC describes the service to net/rpc.
func (s *Rooms) RPC(m *netrpcx.Methods) {
	m.Method("Rooms.Book", &s.Book)
	m.Method("Rooms.Free", &s.Free)
}

// end snippet

// snippet: serve

// serve adds the service to a program: over gob on one address, over JSON on the other.
func serve(s *server.Server, gobAddr, jsonAddr string, svc *Rooms, layers ...endpoint.Layer) error {
	overGob, err := netrpcx.NewServer(svc, netrpcx.Use(s), netrpcx.Use(layers...))
	overJSON, jerr := netrpcx.NewServer(svc, netrpcx.JSON(), netrpcx.Use(s), netrpcx.Use(layers...))
	if err = errors.Join(err, jerr); err != nil {
		return err
	}
	s.Add(server.Listen("net/rpc", gobAddr, overGob), server.Listen("net/rpc in JSON", jsonAddr, overJSON))
	return nil
}

// end snippet

// snippet: call

// connect returns the calls of the server at addr, such as "localhost:8083".
func connect(addr string, opts ...netrpcx.Option) (*Rooms, *netrpcx.Conn, error) {
	c, conn := new(Rooms), netrpcx.To(addr)
	return c, conn, netrpcx.Client(conn, c, opts...)
}

// end snippet

// snippet: mount

// mount serves the service at POST /rpc, with layers around each call.
func mount(router httpx.Router, svc *Rooms, layers ...endpoint.Layer) error {
	return jsonrpcx.Mount(router, "/rpc", svc, jsonrpcx.Use(layers...), jsonrpcx.MaxBatch(20))
}

// end snippet

// snippet: client

// book books a room with the server at url, such as "http://localhost:8080/rpc".
func book(ctx context.Context, url string, b Booking) (Receipt, error) {
	var c Rooms
	if err := jsonrpcx.Client(httpx.To(url), &c); err != nil {
		return Receipt{}, err
	}
	return c.Book(ctx, b)
}

// end snippet
