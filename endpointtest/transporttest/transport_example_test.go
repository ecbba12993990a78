package transporttest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint/endpointtest/transporttest"
)

// direct is a transport with nothing between a client and its server.
func direct(z *transporttest.Zoo, server transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	served := server.Layers.Wrap(z.Unary)
	return func(c *transporttest.Zoo, client transporttest.End) error {
		c.Unary = client.Layers.Wrap(served)
		return nil
	}, nil
}

// Serve starts a server and returns a function that connects a client to it. A
// test passes the Transport to Run:
//
//	func TestTransport(t *testing.T) { transporttest.Run(t, tr) }
func ExampleTransport() {
	tr := transporttest.Transport{
		Name:  "direct",
		Serve: direct,
		Limits: map[transporttest.Case]string{
			transporttest.RequestHeaders: "a call has no metadata",
			// …
		},
	}

	next := func(_ context.Context, m transporttest.Message) (transporttest.Message, error) {
		return transporttest.Message{Text: m.Text, Number: m.Number + 1}, nil
	}
	var end transporttest.End
	connect, err := tr.Serve(&transporttest.Zoo{Unary: next}, end)
	var client transporttest.Zoo
	err = errors.Join(err, connect(&client, end))
	answer, callErr := client.Unary(context.Background(), transporttest.Message{Text: "hello", Number: 1})
	fmt.Println(answer.Text, answer.Number, errors.Join(err, callErr))
	// Output: hello 2 <nil>
}

// A target is wrapped before a client gets it. Without a case to count for, as
// here, it is returned as it is.
func ExampleEnd_Counted() {
	var e transporttest.End
	target := e.Counted(localConn{})
	conn, token, err := target.Acquire(context.Background())
	target.Release(token, nil)
	fmt.Printf("%T %v\n", conn, err)
	// Output: transporttest_test.localConn <nil>
}
