package main

import (
	"context"

	"connectrpc.com/connect"
	"github.com/typedkit/endpoint"
	"google.golang.org/grpc"
)

// This file is a copy of size16.go for another size; see there.

// handle256 is the service: every kind ends in it. It is small enough to be inlined
// into the handlers of the kinds that have one around it.
func handle256(_ context.Context, req record256) (record256, error) {
	if req.ID <= 0 {
		return record256{}, refusal(req.ID)
	}
	return record256{ID: req.ID, Last: req.Last + 1}, nil
}

// func256 is what the typed kinds call. It is not endpoint.Endpoint: what is
// written by hand knows nothing of this project.
type func256 = func(context.Context, record256) (record256, error)

// typed256 calls e as all typed kinds are called: a plain call of a function
// value. noinline keeps the compiler from learning which function it is.
//
//go:noinline
func typed256(e func256) subject {
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record256{ID: int64(n)}, int64(0)
			for range n {
				resp, err := e(ctx, req)
				if err != nil {
					return err
				}
				sum += resp.Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := e(context.Background(), record256{ID: id, Last: last})
			return resp.ID, resp.Last, err
		},
	}
}

// passHand256 and gateHand256 are the layers that one writes without a library.
// They are not inlined, and neither are the constructors of the others: a chain
// that the compiler sees through at its construction could be called directly,
// which no chain that is put together in a main function is.
//
//go:noinline
func passHand256(next func256) func256 {
	return func(ctx context.Context, req record256) (record256, error) {
		return next(ctx, req)
	}
}

//go:noinline
func gateHand256(g *gate, next func256) func256 {
	return func(ctx context.Context, req record256) (resp record256, err error) {
		if err := g.enter(); err != nil {
			return record256{}, err
		}
		resp, err = next(ctx, req)
		g.exit(err)
		return resp, err
	}
}

func hand256(depth int, gates []*gate) subject {
	e := handle256
	for i := depth - 1; i >= 0; i-- {
		if gates == nil {
			e = passHand256(e)
		} else {
			e = gateHand256(gates[i], e)
		}
	}
	return typed256(e)
}

// inlined256 is the work of ten gates in one function, unrolled.
func inlined256(gates []*gate) subject {
	g := [10]*gate(gates)
	return typed256(func(ctx context.Context, req record256) (resp record256, err error) {
		if err := g[0].enter(); err != nil {
			return record256{}, err
		}
		if err := g[1].enter(); err != nil {
			return record256{}, unwind(g[:1], err)
		}
		if err := g[2].enter(); err != nil {
			return record256{}, unwind(g[:2], err)
		}
		if err := g[3].enter(); err != nil {
			return record256{}, unwind(g[:3], err)
		}
		if err := g[4].enter(); err != nil {
			return record256{}, unwind(g[:4], err)
		}
		if err := g[5].enter(); err != nil {
			return record256{}, unwind(g[:5], err)
		}
		if err := g[6].enter(); err != nil {
			return record256{}, unwind(g[:6], err)
		}
		if err := g[7].enter(); err != nil {
			return record256{}, unwind(g[:7], err)
		}
		if err := g[8].enter(); err != nil {
			return record256{}, unwind(g[:8], err)
		}
		if err := g[9].enter(); err != nil {
			return record256{}, unwind(g[:9], err)
		}
		resp, err = handle256(ctx, req)
		g[9].exit(err)
		g[8].exit(err)
		g[7].exit(err)
		g[6].exit(err)
		g[5].exit(err)
		g[4].exit(err)
		g[3].exit(err)
		g[2].exit(err)
		g[1].exit(err)
		g[0].exit(err)
		return resp, err
	})
}

func chain256(depth int, gates []*gate) subject {
	mws := make([]endpoint.Middleware[record256, record256], depth)
	for i := range mws {
		if gates == nil {
			mws[i] = new(passer).Wrap[record256, record256]
		} else {
			mws[i] = gates[i].Wrap[record256, record256]
		}
	}
	return typed256(endpoint.Chain(handle256, mws...))
}

func stack256(layers []endpoint.Layer) subject {
	return typed256(endpoint.Stack(layers).Wrap(handle256))
}

// kit256 boxes the request and takes it out again, as go-kit's transports and
// its users' endpoints do.
func kit256(depth int, gates []*gate) subject {
	e := chainedKit(func(ctx context.Context, request any) (any, error) {
		resp, err := handle256(ctx, request.(record256))
		if err != nil {
			return nil, err
		}
		return resp, nil
	}, depth, gates)
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record256{ID: int64(n)}, int64(0)
			for range n {
				resp, err := e(ctx, req)
				if err != nil {
					return err
				}
				sum += resp.(record256).Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := e(context.Background(), record256{ID: id, Last: last})
			if err != nil {
				return 0, 0, err
			}
			r := resp.(record256)
			return r.ID, r.Last, nil
		},
	}
}

// server256 is a service as gRPC's generated code has it: messages are pointers,
// the service makes the response.
type server256 struct{}

func (server256) Call(ctx context.Context, req *record256) (*record256, error) {
	resp, err := handle256(ctx, *req)
	if err != nil {
		return nil, err
	}
	return &resp, nil
}

// unary256 is what protoc-gen-go-grpc generates for a method, after the request
// is decoded.
func unary256(ctx context.Context, srv server256, in *record256, interceptor grpc.UnaryServerInterceptor) (any, error) {
	if interceptor == nil {
		return srv.Call(ctx, in)
	}
	info := &grpc.UnaryServerInfo{Server: srv, FullMethod: procedure}
	handler := func(ctx context.Context, req any) (any, error) {
		return srv.Call(ctx, req.(*record256))
	}
	return interceptor(ctx, in, info, handler)
}

//go:noinline
func grpc256(depth int, gates []*gate) (subject, error) {
	chain, err := chainedGRPC(depth, gates)
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record256{ID: int64(n)}, int64(0)
			for range n {
				in := new(record256)
				*in = req
				resp, err := unary256(ctx, server256{}, in, chain)
				if err != nil {
					return err
				}
				sum += resp.(*record256).Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := unary256(context.Background(), server256{}, &record256{ID: id, Last: last}, chain)
			if err != nil {
				return 0, 0, err
			}
			r := resp.(*record256)
			return r.ID, r.Last, nil
		},
	}, err
}

func connect256(depth int, gates []*gate) subject {
	chain := chainedConnect(func(ctx context.Context, req *connect.Request[record256]) (*connect.Response[record256], error) {
		resp, err := handle256(ctx, *req.Msg)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(&resp), nil
	}, depth, gates)
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record256{ID: int64(n)}, int64(0)
			for range n {
				in := new(record256)
				*in = req
				resp, err := chain(ctx, connect.NewRequest(in))
				if err != nil {
					return err
				}
				sum += resp.Any().(*record256).Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := chain(context.Background(), connect.NewRequest(&record256{ID: id, Last: last}))
			if err != nil {
				return 0, 0, err
			}
			r := resp.Any().(*record256)
			return r.ID, r.Last, nil
		},
	}
}
