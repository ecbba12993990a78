package netrpcx_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/netrpcx"
)

// Sums is a service: its fields are the implementation on a server, the calls on a client.
type Sums struct {
	Sum endpoint.Endpoint[Pair, int]
}

// A Pair is the request of Sum.
type Pair struct{ A, B int }

var ErrZeroes = endpoint.Define(endpoint.InvalidArgument, "sums", "TWO_ZEROES", "two zeroes")

func (s *Sums) RPC(m *netrpcx.Methods) {
	m.Method("Sums.Sum", &s.Sum, netrpcx.Fails(ErrZeroes))
}

func Example() {
	svc := &Sums{Sum: func(_ context.Context, p Pair) (int, error) {
		if p == (Pair{}) {
			return 0, ErrZeroes
		}
		return p.A + p.B, nil
	}}
	s, err := netrpcx.NewServer(svc)
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go s.Serve(l)

	conn := netrpcx.To(l.Addr().String())
	var c Sums
	if err := netrpcx.Client(conn, &c); err != nil {
		fmt.Println(err)
	}
	sum, err := c.Sum(context.Background(), Pair{3, 4})
	fmt.Println(sum, err)
	_, err = c.Sum(context.Background(), Pair{})
	fmt.Println(err, errors.Is(err, ErrZeroes))

	_ = conn.Close()
	fmt.Println(s.Drain(context.Background()))
	// Output:
	// 7 <nil>
	// two zeroes true
	// <nil>
}
