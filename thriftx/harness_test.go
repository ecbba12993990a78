package thriftx_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// Shop is a service with a declared exception and a oneway method.
type Shop struct {
	Sum   endpoint.Endpoint[SumRequest, int64]
	Order endpoint.Endpoint[OrderRequest, Receipt]
	Note  endpoint.Endpoint[string, endpoint.Empty]
}

type SumRequest struct{ A, B int64 }

type OrderRequest struct {
	Item  string
	Count int
}

type Receipt struct{ Text string }

var (
	ErrSoldOut  = endpoint.Define(endpoint.FailedPrecondition, "shop", "SOLD_OUT", "sold out")
	ErrNoItem   = endpoint.Define(endpoint.NotFound, "shop", "NO_ITEM", "no such item")
	ErrOverflow = endpoint.Define(endpoint.OutOfRange, "shop", "OVERFLOW", "integer overflow")
)

// snippet: service

// Thrift describes the service.
func (s *Shop) Thrift(m *thriftx.Methods) {
	m.Method("sum", &s.Sum, sumArgs, sumResult, thriftx.Idempotent(), thriftx.Fails(ErrOverflow))
	m.Method("order", &s.Order, orderArgs, orderResult, thriftx.Fails(ErrSoldOut, ErrNoItem))
	m.Oneway("note", &s.Note, noteArgs)
}

// end snippet

// snippet: sum

// sumArgs and sumResult are the forms of a method whose IDL declares no exception.
var (
	sumArgs = thriftx.Map(
		func(r SumRequest) *zoothrift.ZooSumArgs { return &zoothrift.ZooSumArgs{A: r.A, B: r.B} },
		func(a *zoothrift.ZooSumArgs) (SumRequest, error) { return SumRequest{a.A, a.B}, nil },
	)
	sumResult = thriftx.MapResult(
		func(n int64, err error) *zoothrift.ZooSumResult {
			if err != nil {
				return nil // the IDL has no exception
			}
			return &zoothrift.ZooSumResult{Success: &n}
		},
		func(r *zoothrift.ZooSumResult) (int64, error) {
			if r.Success == nil {
				return 0, errors.New("the result has no sum")
			}
			return *r.Success, nil
		},
	)
)

// end snippet

// snippet: order

var (
	orderArgs = thriftx.Map(
		func(r OrderRequest) *zoothrift.ZooOrderArgs {
			return &zoothrift.ZooOrderArgs{Item: r.Item, Count: int32(r.Count)}
		},
		func(a *zoothrift.ZooOrderArgs) (OrderRequest, error) {
			if a.Count <= 0 {
				return OrderRequest{}, errors.New("the count must be positive")
			}
			return OrderRequest{a.Item, int(a.Count)}, nil
		},
	)
	// orderResult has the exception of the IDL for one of the two errors that the
	// operation declares.
	orderResult = thriftx.MapResult(
		func(r Receipt, err error) *zoothrift.ZooOrderResult {
			switch {
			case errors.Is(err, ErrSoldOut):
				return &zoothrift.ZooOrderResult{SoldOut: &zoothrift.SoldOut{Item: endpoint.ErrorOf(err).Meta()["item"]}}
			case err != nil:
				return nil
			}
			return &zoothrift.ZooOrderResult{Success: &zoothrift.Message{Text: r.Text}}
		},
		func(r *zoothrift.ZooOrderResult) (Receipt, error) {
			switch {
			case r.SoldOut != nil:
				return Receipt{}, ErrSoldOut.WithMeta("item", r.SoldOut.Item)
			case r.Success == nil:
				return Receipt{}, errors.New("the result has no receipt")
			}
			return Receipt{r.Success.Text}, nil
		},
	)
)

// end snippet

var noteArgs = thriftx.Map(
	func(text string) *zoothrift.ZooNoteArgs {
		return &zoothrift.ZooNoteArgs{Message: &zoothrift.Message{Text: text}}
	},
	func(a *zoothrift.ZooNoteArgs) (string, error) { return a.GetMessage().GetText(), nil },
)

// newShop returns a Shop that sends its notes to notes.
func newShop(notes chan<- string) *Shop {
	return &Shop{
		Sum: func(_ context.Context, r SumRequest) (int64, error) {
			if n := r.A + r.B; (n > r.A) == (r.B > 0) {
				return n, nil
			}
			return 0, ErrOverflow
		},
		Order: func(_ context.Context, r OrderRequest) (Receipt, error) {
			switch r.Item {
			case "pen":
				return Receipt{"a pen"}, nil
			case "ink":
				return Receipt{}, ErrSoldOut.WithMeta("item", r.Item)
			}
			return Receipt{}, ErrNoItem.WithMeta("item", r.Item)
		},
		Note: func(_ context.Context, text string) (endpoint.Empty, error) {
			notes <- text
			return endpoint.Empty{}, nil
		},
	}
}

// serve serves svc in memory and returns how to dial it. The server stops with the test.
func serve(tb testing.TB, svc thriftx.Service, opts []thriftx.ServerOption, more ...thriftx.Option) (*thriftx.Server, *endpointtest.Listener) {
	tb.Helper()
	s := thriftx.NewServer(opts...)
	require.NoError(tb, thriftx.Register(s, svc, more...))
	l := endpointtest.NewListener()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	tb.Cleanup(func() {
		require.NoError(tb, s.Close())
		require.NoError(tb, <-done)
	})
	return s, l
}

// dial returns a client of the server behind l.
func dial(tb testing.TB, l *endpointtest.Listener, opts ...thriftx.ConnOption) (*Shop, *thriftx.Conn) {
	tb.Helper()
	conn := thriftx.To("shop.example:8083", append([]thriftx.ConnOption{thriftx.Dial(l.Dial)}, opts...)...)
	tb.Cleanup(func() { _ = conn.Close() })
	var c Shop
	require.NoError(tb, thriftx.Client(conn, &c))
	return &c, conn
}

// listen returns a listener on this machine.
func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	return l
}

// both is an option for both ends.
func both(wire ...thriftx.WireOption) (server []thriftx.ServerOption, conn []thriftx.ConnOption) {
	for _, o := range wire {
		server, conn = append(server, o), append(conn, o)
	}
	return server, conn
}
