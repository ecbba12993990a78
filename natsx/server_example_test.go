package natsx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/server"
)

// snippet: service

// A Line is what the service works on.
type Line struct {
	S string `json:"s"`
}

// A Length is the number of bytes of a line.
type Length struct {
	V int `json:"v"`
}

// Stringsvc is served over NATS. Callers over HTTP reach it through a gateway.
type Stringsvc struct {
	Uppercase endpoint.Endpoint[Line, Line]
	Count     endpoint.Endpoint[Line, Length]
	Words     endpoint.Endpoint[Line, endpoint.Stream[Line]]
}

// NATS describes the service.
func (s *Stringsvc) NATS(m *natsx.Methods) {
	m.Method("stringsvc.uppercase", &s.Uppercase, natsx.Fails(ErrNoLine))
	m.Method("stringsvc.count", &s.Count, natsx.Idempotent())
	m.ServerStream("stringsvc.words", &s.Words)
}

// HTTP describes it to the gateway.
func (s *Stringsvc) HTTP(r *httpx.Routes) {
	r.POST("/uppercase", &s.Uppercase, httpx.Fails(ErrNoLine))
	r.POST("/count", &s.Count)
	r.ServerStream("POST", "/words", &s.Words)
}

// end snippet

// ErrNoLine is the error of an empty line.
var ErrNoLine = endpoint.Define(endpoint.InvalidArgument, "stringsvc", "EMPTY", "empty string")

// newStringsvc returns the implementation.
func newStringsvc() *Stringsvc {
	return &Stringsvc{
		Uppercase: func(_ context.Context, in Line) (Line, error) {
			if in.S == "" {
				return Line{}, ErrNoLine
			}
			return Line{strings.ToUpper(in.S)}, nil
		},
		Count: func(_ context.Context, in Line) (Length, error) { return Length{len(in.S)}, nil },
		Words: func(_ context.Context, in Line) (endpoint.Stream[Line], error) {
			return func(yield func(Line, error) bool) {
				for word := range strings.FieldsSeq(in.S) {
					if !yield(Line{word}, nil) {
						return
					}
				}
			}, nil
		},
	}
}

// snippet: server

// run serves the service over NATS until ctx ends. The calls in flight then end, and their
// responses are sent, before the connection is closed.
func run(ctx context.Context, url string, svc *Stringsvc) error {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	s := server.New("stringsvc")
	calls := natsx.NewServer(conn)
	s.Add(
		server.Join("NATS", calls),
		server.Close("NATS connection", func() error { conn.Close(); return nil }),
	)
	return errors.Join(natsx.Register(calls, svc, natsx.Use(s)), s.Run(ctx))
}

// end snippet

// snippet: gateway

// gateway serves over HTTP what it calls over NATS: the struct that Client fills is itself
// a service.
func gateway(conn *nats.Conn) (http.Handler, error) {
	var svc Stringsvc
	mux := http.NewServeMux()
	err := errors.Join(natsx.Client(natsx.To(conn), &svc), httpx.Mount(mux, &svc))
	return mux, err
}

// end snippet

// HTTP in front, NATS behind: the errors of the service reach the caller with their
// identity, and so do the items of its stream.
func Example() {
	ns, err := startNATS()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ns.Shutdown()
	behind, err1 := nats.Connect("", nats.InProcessServer(ns))
	front, err2 := nats.Connect("", nats.InProcessServer(ns))
	if err := errors.Join(err1, err2); err != nil {
		fmt.Println(err)
		return
	}
	defer behind.Close()
	defer front.Close()

	calls := natsx.NewServer(behind)
	if err := errors.Join(natsx.Register(calls, newStringsvc()), calls.Start()); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = calls.Close() }()
	h, err := gateway(front)
	if err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(h)
	defer web.Close()

	for _, call := range [][2]string{{"/uppercase", `{"s":"hello, world"}`}, {"/count", `{"s":"hello"}`}, {"/uppercase", `{"s":""}`}, {"/words", `{"s":"one two"}`}} {
		resp, err := web.Client().Post(web.URL+call[0], "application/json", strings.NewReader(call[1]))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(resp.StatusCode, " ")
		_, _ = io.Copy(os.Stdout, resp.Body)
		_ = resp.Body.Close()
		fmt.Println()
	}
	// Output:
	// 200 {"s":"HELLO, WORLD"}
	// 200 {"v":5}
	// 400 {"type":"about:blank","title":"Bad Request","status":400,"detail":"empty string","code":"INVALID_ARGUMENT","domain":"stringsvc","reason":"EMPTY"}
	// 200 data: {"s":"one"}
	//
	// data: {"s":"two"}
	//
	// event: end
	// data: {}
}
