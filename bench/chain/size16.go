package main

import (
	"context"

	"connectrpc.com/connect"
	"github.com/typedkit/endpoint"
	"google.golang.org/grpc"
)

// This file has everything that depends on the type of the request. It is the
// source of its siblings for the other sizes: TestSizes compares them, and
// rewrites them with -update. They are copies and not instances of a generic
// function because generic code reaches what depends on a type parameter (boxing,
// assertions) through a dictionary. What users of the other libraries write is
// concrete, so it is measured so.

// handle16 is the service: every kind ends in it. It is small enough to be inlined
// into the handlers of the kinds that have one around it.
func handle16(_ context.Context, req record16) (record16, error) {
	if req.ID <= 0 {
		return record16{}, refusal(req.ID)
	}
	return record16{ID: req.ID, Last: req.Last + 1}, nil
}

// func16 is what the typed kinds call. It is not endpoint.Endpoint: what is
// written by hand knows nothing of this project.
type func16 = func(context.Context, record16) (record16, error)

// typed16 calls e as all typed kinds are called: a plain call of a function
// value. noinline keeps the compiler from learning which function it is.
//
//go:noinline
func typed16(e func16) subject {
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record16{ID: int64(n)}, int64(0)
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
			resp, err := e(context.Background(), record16{ID: id, Last: last})
			return resp.ID, resp.Last, err
		},
	}
}

// passHand16 and gateHand16 are the layers that one writes without a library.
// They are not inlined, and neither are the constructors of the others: a chain
// that the compiler sees through at its construction could be called directly,
// which no chain that is put together in a main function is.
//
//go:noinline
func passHand16(next func16) func16 {
	return func(ctx context.Context, req record16) (record16, error) {
		return next(ctx, req)
	}
}

//go:noinline
func gateHand16(g *gate, next func16) func16 {
	return func(ctx context.Context, req record16) (resp record16, err error) {
		if err := g.enter(); err != nil {
			return record16{}, err
		}
		resp, err = next(ctx, req)
		g.exit(err)
		return resp, err
	}
}

func hand16(depth int, gates []*gate) subject {
	e := handle16
	for i := depth - 1; i >= 0; i-- {
		if gates == nil {
			e = passHand16(e)
		} else {
			e = gateHand16(gates[i], e)
		}
	}
	return typed16(e)
}

// inlined16 is the work of ten gates in one function, unrolled.
func inlined16(gates []*gate) subject {
	g := [10]*gate(gates)
	return typed16(func(ctx context.Context, req record16) (resp record16, err error) {
		if err := g[0].enter(); err != nil {
			return record16{}, err
		}
		if err := g[1].enter(); err != nil {
			return record16{}, unwind(g[:1], err)
		}
		if err := g[2].enter(); err != nil {
			return record16{}, unwind(g[:2], err)
		}
		if err := g[3].enter(); err != nil {
			return record16{}, unwind(g[:3], err)
		}
		if err := g[4].enter(); err != nil {
			return record16{}, unwind(g[:4], err)
		}
		if err := g[5].enter(); err != nil {
			return record16{}, unwind(g[:5], err)
		}
		if err := g[6].enter(); err != nil {
			return record16{}, unwind(g[:6], err)
		}
		if err := g[7].enter(); err != nil {
			return record16{}, unwind(g[:7], err)
		}
		if err := g[8].enter(); err != nil {
			return record16{}, unwind(g[:8], err)
		}
		if err := g[9].enter(); err != nil {
			return record16{}, unwind(g[:9], err)
		}
		resp, err = handle16(ctx, req)
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

func chain16(depth int, gates []*gate) subject {
	mws := make([]endpoint.Middleware[record16, record16], depth)
	for i := range mws {
		if gates == nil {
			mws[i] = new(passer).Wrap[record16, record16]
		} else {
			mws[i] = gates[i].Wrap[record16, record16]
		}
	}
	return typed16(endpoint.Chain(handle16, mws...))
}

func stack16(layers []endpoint.Layer) subject {
	return typed16(endpoint.Stack(layers).Wrap(handle16))
}

// kit16 boxes the request and takes it out again, as go-kit's transports and
// its users' endpoints do.
func kit16(depth int, gates []*gate) subject {
	e := chainedKit(func(ctx context.Context, request any) (any, error) {
		resp, err := handle16(ctx, request.(record16))
		if err != nil {
			return nil, err
		}
		return resp, nil
	}, depth, gates)
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record16{ID: int64(n)}, int64(0)
			for range n {
				resp, err := e(ctx, req)
				if err != nil {
					return err
				}
				sum += resp.(record16).Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := e(context.Background(), record16{ID: id, Last: last})
			if err != nil {
				return 0, 0, err
			}
			r := resp.(record16)
			return r.ID, r.Last, nil
		},
	}
}

// server16 is a service as gRPC's generated code has it: messages are pointers,
// the service makes the response.
type server16 struct{}

func (server16) Call(ctx context.Context, req *record16) (*record16, error) {
	resp, err := handle16(ctx, *req)
	if err != nil {
		return nil, err
	}
	return &resp, nil
}

// unary16 is what protoc-gen-go-grpc generates for a method, after the request
// is decoded.
func unary16(ctx context.Context, srv server16, in *record16, interceptor grpc.UnaryServerInterceptor) (any, error) {
	if interceptor == nil {
		return srv.Call(ctx, in)
	}
	info := &grpc.UnaryServerInfo{Server: srv, FullMethod: procedure}
	handler := func(ctx context.Context, req any) (any, error) {
		return srv.Call(ctx, req.(*record16))
	}
	return interceptor(ctx, in, info, handler)
}

//go:noinline
func grpc16(depth int, gates []*gate) (subject, error) {
	chain, err := chainedGRPC(depth, gates)
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record16{ID: int64(n)}, int64(0)
			for range n {
				in := new(record16)
				*in = req
				resp, err := unary16(ctx, server16{}, in, chain)
				if err != nil {
					return err
				}
				sum += resp.(*record16).Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := unary16(context.Background(), server16{}, &record16{ID: id, Last: last}, chain)
			if err != nil {
				return 0, 0, err
			}
			r := resp.(*record16)
			return r.ID, r.Last, nil
		},
	}, err
}

func connect16(depth int, gates []*gate) subject {
	chain := chainedConnect(func(ctx context.Context, req *connect.Request[record16]) (*connect.Response[record16], error) {
		resp, err := handle16(ctx, *req.Msg)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(&resp), nil
	}, depth, gates)
	return subject{
		run: func(n int) error {
			ctx, req, sum := context.Background(), record16{ID: int64(n)}, int64(0)
			for range n {
				in := new(record16)
				*in = req
				resp, err := chain(ctx, connect.NewRequest(in))
				if err != nil {
					return err
				}
				sum += resp.Any().(*record16).Last
			}
			return checkSum(sum, n)
		},
		call: func(id, last int64) (int64, int64, error) {
			resp, err := chain(context.Background(), connect.NewRequest(&record16{ID: id, Last: last}))
			if err != nil {
				return 0, 0, err
			}
			r := resp.Any().(*record16)
			return r.ID, r.Last, nil
		},
	}
}
