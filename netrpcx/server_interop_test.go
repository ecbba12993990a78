package netrpcx_test

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/netrpcx"
)

var errZero = endpoint.Define(endpoint.InvalidArgument, "arith", "TWO_ZEROES", "cannot divide zero by zero")

// Args, Quotient and Arith are those of the documentation of net/rpc.
type (
	Args     struct{ A, B int }
	Quotient struct {
		Quo, Rem int
		Tags     []string
		Names    map[string]float64
	}
	Arith int
)

func (*Arith) Multiply(args *Args, reply *int) error {
	*reply = args.A * args.B
	return nil
}

func (*Arith) Divide(args *Args, reply *Quotient) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	*reply = divided(*args)
	return nil
}

func divided(args Args) Quotient {
	return Quotient{args.A / args.B, args.A % args.B, []string{"x"}, map[string]float64{"pi": 3.14}}
}

// arith is the same service.
type arith struct {
	Multiply endpoint.Endpoint[Args, int]
	Divide   endpoint.Endpoint[*Args, *Quotient]
}

func (a *arith) RPC(m *netrpcx.Methods) {
	m.Method("Arith.Multiply", &a.Multiply)
	m.Method("Arith.Divide", &a.Divide, netrpcx.Fails(errZero))
}

func newArith() *arith {
	return &arith{
		Multiply: func(_ context.Context, a Args) (int, error) { return a.A * a.B, nil },
		Divide: func(_ context.Context, a *Args) (*Quotient, error) {
			if a.B == 0 {
				return nil, errZero
			}
			q := divided(*a)
			return &q, nil
		},
	}
}

// form is one form of the protocol, of this package and of its peers.
type form struct {
	opts   []netrpcx.Option
	client func(c net.Conn) *rpc.Client
	serve  func(s *rpc.Server, c net.Conn)
}

func forms() map[string]form {
	return map[string]form{
		"gob": {nil, func(c net.Conn) *rpc.Client { return rpc.NewClient(c) }, func(s *rpc.Server, c net.Conn) { s.ServeConn(c) }},
		"JSON": {
			[]netrpcx.Option{netrpcx.JSON()},
			func(c net.Conn) *rpc.Client { return jsonrpc.NewClient(c) },
			func(s *rpc.Server, c net.Conn) { s.ServeCodec(jsonrpc.NewServerCodec(c)) },
		},
	}
}

// TestForeignClient has clients of net/rpc call a server of this package.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	for name, f := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := serving(t, newArith(), f.opts...)
			c := f.client(n.dial(t))
			defer c.Close()
			var product int
			require.NoError(t, c.Call("Arith.Multiply", &Args{7, 8}, &product))
			require.Equal(t, 56, product)
			var q Quotient
			require.NoError(t, c.Call("Arith.Divide", Args{17, 8}, &q))
			require.Equal(t, divided(Args{17, 8}), q)
			require.EqualError(t, c.Call("Arith.Divide", Args{1, 0}, &q), "INVALID_ARGUMENT arith/TWO_ZEROES: cannot divide zero by zero")
			require.EqualError(t, c.Call("Arith.Root", Args{1, 0}, &q), "UNIMPLEMENTED endpoint/NO_ROUTE: no such method")
			require.EqualError(t, c.Call("Arith.Multiply", "text", &q), "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request")

			var all sync.WaitGroup // on one connection, with answers in any order
			for i := range 50 {
				all.Go(func() {
					var product int
					if err := c.Call("Arith.Multiply", Args{i, 3}, &product); err != nil || product != 3*i {
						t.Errorf("%d * 3 is %d, %v", i, product, err)
					}
				})
			}
			all.Wait()
		})
	}
}

// TestForeignServer has clients of this package call a server of net/rpc.
func TestForeignServer(t *testing.T) {
	t.Parallel()
	for name, f := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rpc.NewServer()
			require.NoError(t, s.Register(new(Arith)))
			l := endpointtest.NewListener()
			var ended sync.WaitGroup
			ended.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					ended.Go(func() { f.serve(s, c) })
				}
			})
			conn := netrpcx.To("server.example:1", netrpcx.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) { return l.Dial(ctx, network, addr) }))
			c := new(arith)
			require.NoError(t, netrpcx.Client(conn, c, f.opts...))
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					product, err := c.Multiply(t.Context(), Args{i, 3})
					if err != nil || product != 3*i {
						t.Errorf("%d * 3 is %d, %v", i, product, err)
					}
				})
			}
			all.Wait()
			q, err := c.Divide(t.Context(), &Args{17, 8})
			require.NoError(t, err)
			require.Equal(t, divided(Args{17, 8}), *q)
			_, err = c.Divide(t.Context(), &Args{1, 0})
			e := endpoint.ErrorOf(err)
			require.Equal(t, []any{endpoint.Unknown, "divide by zero", true}, []any{e.Code(), e.Message(), e.Remote()})
			q, err = c.Divide(t.Context(), &Args{17, 8})
			require.NoError(t, err, "after an error")
			require.Equal(t, 2, q.Quo)

			require.NoError(t, conn.Close())
			require.NoError(t, l.Close())
			ended.Wait()
		})
	}
}
