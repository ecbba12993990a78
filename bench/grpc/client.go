package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"connectrpc.com/connect"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
)

// calls is a client of one kind. Each but say works on a stream of n messages and
// returns what it can check: how many it got, or their sum.
type calls struct {
	say   func(ctx context.Context) (number int64, err error)
	count func(ctx context.Context, n int) (got int64, err error)
	sum   func(ctx context.Context, n int) (total int64, err error)
	talk  func(ctx context.Context, n int) (got int64, err error)
}

// rawCalls is generated code.
func rawCalls(conn *grpc.ClientConn) calls {
	c := echopb.NewEchoClient(conn)
	return calls{
		say: func(ctx context.Context) (int64, error) {
			n, err := c.Say(ctx, request())
			return n.GetNumber(), err
		},
		count: func(ctx context.Context, n int) (got int64, err error) {
			s, err := c.Count(ctx, &echopb.Note{Number: int64(n)})
			for err == nil {
				if _, err = s.Recv(); err == nil {
					got++
				}
			}
			return got, notEnd(err)
		},
		sum: func(ctx context.Context, n int) (int64, error) {
			s, err := c.Sum(ctx)
			for i := 0; err == nil && i < n; i++ {
				err = s.Send(item(1))
			}
			if err != nil {
				return 0, err
			}
			total, err := s.CloseAndRecv()
			return total.GetNumber(), err
		},
		talk: func(ctx context.Context, n int) (got int64, err error) {
			s, err := c.Talk(ctx)
			if err != nil {
				return 0, err
			}
			go func() {
				for i := range n {
					if s.Send(item(i)) != nil {
						return
					}
				}
				_ = s.CloseSend()
			}()
			for err == nil {
				if _, err = s.Recv(); err == nil {
					got++
				}
			}
			return got, notEnd(err)
		},
	}
}

func notEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// typedCalls is a struct of endpoints that grpcx.Client has filled.
func typedCalls[N any](c *Echo[N], k notes[N]) calls {
	return calls{
		say: func(ctx context.Context) (int64, error) {
			n, err := c.Say(ctx, k.item("hello, world", 42))
			if err != nil {
				return 0, err
			}
			return k.number(n), nil
		},
		count: func(ctx context.Context, n int) (got int64, err error) {
			items, err := c.Count(ctx, k.item("", int64(n)))
			if err != nil {
				return 0, err
			}
			return lengthOf(items)
		},
		sum: func(ctx context.Context, n int) (int64, error) {
			total, err := c.Sum(ctx, k.repeat(n, 1))
			if err != nil {
				return 0, err
			}
			return k.number(total), nil
		},
		talk: func(ctx context.Context, n int) (got int64, err error) {
			items, err := c.Talk(ctx, k.repeat(n, 1))
			if err != nil {
				return 0, err
			}
			return lengthOf(items)
		},
	}
}

func (k notes[N]) repeat(n int, number int64) endpoint.Stream[N] {
	return func(yield func(N, error) bool) {
		for range n {
			if !yield(k.item("item", number), nil) {
				return
			}
		}
	}
}

func lengthOf[N any](items endpoint.Stream[N]) (n int64, err error) {
	for _, err := range items {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// oursCalls, mappedCalls and jsonCalls are the three ways of grpcx.
func oursCalls(conn *grpc.ClientConn) (calls, error) {
	var c onMessages
	err := grpcx.Client(grpcx.To(conn), &c)
	return typedCalls(&c.Echo, messages), err
}

func mappedCalls(conn *grpc.ClientConn) (calls, error) {
	var c mapped
	err := grpcx.Client(grpcx.To(conn), &c)
	return typedCalls(&c.Echo, plain), err
}

func jsonCalls(conn *grpc.ClientConn) (calls, error) {
	var c asJSON
	err := grpcx.Client(grpcx.To(conn), &c)
	return typedCalls(&c.Echo, plain), err
}

// kitCalls is go-kit's client, which has no streams.
func kitCalls(conn *grpc.ClientConn) calls {
	same := func(_ context.Context, v any) (any, error) { return v, nil }
	e := kitgrpc.NewClient(conn, serviceName, "Say", same, same, echopb.Note{}).Endpoint()
	return calls{say: func(ctx context.Context) (int64, error) {
		n, err := e(ctx, request())
		if err != nil {
			return 0, err
		}
		return n.(*echopb.Note).GetNumber(), nil
	}}
}

// connectCalls is connect-go's client, with the protocol gRPC.
func connectCalls(addr string) calls {
	base := "http://" + addr + "/" + serviceName + "/"
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Protocols = unencrypted()
	client := &http.Client{Transport: transport}
	open := func(method string) *connect.Client[echopb.Note, echopb.Note] {
		return connect.NewClient[echopb.Note, echopb.Note](client, base+method, connect.WithGRPC())
	}
	say, count, sum, talk := open("Say"), open("Count"), open("Sum"), open("Talk")
	return calls{
		say: func(ctx context.Context) (int64, error) {
			resp, err := say.CallUnary(ctx, connect.NewRequest(request()))
			if err != nil {
				return 0, err
			}
			return resp.Msg.GetNumber(), nil
		},
		count: func(ctx context.Context, n int) (got int64, err error) {
			s, err := count.CallServerStream(ctx, connect.NewRequest(&echopb.Note{Number: int64(n)}))
			if err != nil {
				return 0, err
			}
			for s.Receive() {
				got++
			}
			return got, errors.Join(s.Err(), s.Close())
		},
		sum: func(ctx context.Context, n int) (int64, error) {
			s := sum.CallClientStream(ctx)
			for range n {
				if err := s.Send(item(1)); err != nil {
					return 0, err
				}
			}
			resp, err := s.CloseAndReceive()
			if err != nil {
				return 0, err
			}
			return resp.Msg.GetNumber(), nil
		},
		talk: func(ctx context.Context, n int) (got int64, err error) {
			s := talk.CallBidiStream(ctx)
			go func() {
				for i := range n {
					if s.Send(item(i)) != nil {
						return
					}
				}
				_ = s.CloseRequest()
			}()
			for err == nil {
				if _, err = s.Receive(); err == nil {
					got++
				}
			}
			return got, errors.Join(notEnd(err), s.CloseResponse())
		},
	}
}

// clientOf returns a client of one kind of the server of another.
func (f *fleet) clientOf(kind, server string) (calls, error) {
	conn := f.conns[server]
	switch kind {
	case kindRaw:
		return rawCalls(conn), nil
	case kindOurs:
		return oursCalls(conn)
	case kindMapped:
		return mappedCalls(conn)
	case kindJSON:
		return jsonCalls(conn)
	case kindKit:
		return kitCalls(conn), nil
	case kindConnect:
		return connectCalls(f.addrs[server]), nil
	}
	return calls{}, fmt.Errorf("no kind %q", kind)
}
