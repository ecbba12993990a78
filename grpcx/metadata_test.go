package grpcx_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// metadataServer tells what it got, and answers with metadata.
type metadataServer struct {
	echopb.UnimplementedEchoServer

	got    metadata.MD
	header metadata.MD
	err    error
}

func (s *metadataServer) Say(ctx context.Context, n *echopb.Note) (*echopb.Note, error) {
	s.got, _ = metadata.FromIncomingContext(ctx)
	_ = grpc.SetHeader(ctx, s.header)
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-trailer", "t", "x-trailer-bin", "\x00\x01"))
	return n, s.err
}

// TestOutgoing merges the metadata of the context with that of the Call, and
// sends bytes once.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	s := &metadataServer{}
	var c Echo
	layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		endpoint.CallFrom(ctx).Header().Set("X-Layer", "layer")
		return endpoint.WithHeader(ctx, "x-late", "late"), nil, nil
	})
	connect(t, serve(t, func(g *grpc.Server) { echopb.RegisterEchoServer(g, s) }), &c, grpcx.Use(layer))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-own", "a", "x-own", "b", "x-both", "loses", "x-own-bin", "\x00\xff")
	ctx = endpoint.WithHeader(ctx, "X-Both", "wins")
	ctx = endpoint.WithHeader(ctx, "x-call-bin", "\x00\xfe,")
	_, err := c.Say(ctx, Note{})
	require.NoError(t, err)
	for key, want := range map[string][]string{
		"x-own": {"a", "b"}, "x-both": {"wins"}, "x-own-bin": {"\x00\xff"}, "x-call-bin": {"\x00\xfe,"}, "x-layer": {"layer"}, "x-late": {"late"},
	} {
		require.Equal(t, want, s.got[key], key)
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	require.Equal(t, []string{"loses"}, md["x-both"], "the caller's own is left alone")
}

func TestUnsendable(t *testing.T) {
	t.Parallel()
	var c Echo
	connect(t, serve(t, func(g *grpc.Server) { echopb.RegisterEchoServer(g, &metadataServer{}) }), &c)
	for key, value := range map[string]string{"x-text": "žluť", "x!": "v", "grpc-x": "v", "Host": "v"} {
		_, err := c.Say(endpoint.WithHeader(t.Context(), key, value), Note{})
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), key)
		require.ErrorContains(t, err, key)
	}
}

// TestReply gives a client's layers headers and trailers, also with an error.
func TestReply(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"answer": nil, "error": status.Error(codes.NotFound, "no")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &metadataServer{header: metadata.Pairs("x-header", "h", "x-both", "1"), err: err}
			var reply map[string][]string
			var peer string
			var code int
			layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error {
					call := endpoint.CallFrom(ctx)
					reply, peer, code = call.Reply().Raw(), call.Peer(), call.Status(err)
					return err
				}, nil
			})
			var c Echo
			connect(t, serve(t, func(g *grpc.Server) { echopb.RegisterEchoServer(g, s) }), &c, grpcx.Use(layer))
			_, got := c.Say(t.Context(), Note{})
			require.Equal(t, status.Code(err), codes.Code(endpoint.CodeOf(got)))
			require.Equal(t, []string{"h"}, reply["x-header"])
			require.Equal(t, []string{"t"}, reply["x-trailer"])
			require.Equal(t, []string{"\x00\x01"}, reply["x-trailer-bin"])
			require.Equal(t, "192.0.2.1:80", peer)
			require.Equal(t, int(status.Code(err)), code)
		})
	}
}

// TestServerMetadata is what a plain client of grpc-go sends to a handler, and
// gets from it: with an answer as a header, with an error as trailers.
func TestServerMetadata(t *testing.T) {
	t.Parallel()
	var key, bin, who string
	var sizes [2]int64
	var reports []error
	e := echo()
	e.Say = func(ctx context.Context, n Note) (Note, error) {
		call := endpoint.CallFrom(ctx)
		key, bin, who = call.Header().Get("X-Key"), call.Header().Get("x-key-bin"), call.Peer()
		call.Reply().Set("X-Reply", "r")
		call.Reply().Set("x-reply-bin", "\x00\xff")
		if n.Text == "fail" {
			return Note{}, ErrRefused
		}
		if n.Text == "bad" {
			call.Reply().Set("x-bad", "žluť")
			call.Reply().Set("Content-Type", "text/csv") // as over HTTP
		}
		return n, nil
	}
	see := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			call := endpoint.CallFrom(ctx)
			sizes = [2]int64{call.RequestBytes(), call.ResponseBytes()}
			return err
		}, nil
	})
	c := echopb.NewEchoClient(serve(t, register(t, &e, grpcx.Use(see), grpcx.ErrorHook(func(_ context.Context, err error) { reports = append(reports, err) }))))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-key", "v", "x-key-bin", "\x00\x01")
	var header, trailer metadata.MD
	_, err := c.Say(ctx, &echopb.Note{Text: "1234"}, grpc.Header(&header), grpc.Trailer(&trailer))
	require.NoError(t, err)
	require.Equal(t, []string{"v", "\x00\x01"}, []string{key, bin})
	require.Equal(t, "192.0.2.2:1025", who)
	require.Equal(t, []string{"r"}, header["x-reply"])
	require.Equal(t, []string{"\x00\xff"}, header["x-reply-bin"])
	require.Empty(t, trailer["x-reply"])
	require.Equal(t, [2]int64{6, 6}, sizes)

	_, err = c.Say(ctx, &echopb.Note{Text: "fail"}, grpc.Trailer(&trailer))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.Equal(t, [2]int64{6, int64(proto.Size(status.Convert(err).Proto()))}, sizes)
	require.Equal(t, []string{"r"}, trailer["x-reply"])
	require.Equal(t, []string{"\x00\xff"}, trailer["x-reply-bin"])

	reports = nil
	_, err = c.Say(ctx, &echopb.Note{Text: "bad"}, grpc.Header(&header))
	require.NoError(t, err)
	require.Empty(t, header["x-bad"])
	require.Equal(t, []string{"r"}, header["x-reply"])
	require.Len(t, reports, 1)
	require.ErrorContains(t, reports[0], `a value of "x-bad" is not printable ASCII`)
	require.ErrorContains(t, reports[0], `the key "content-type" belongs to gRPC`)
}

// TestStreamMetadata sends a header with the first item and trailers at the end.
func TestStreamMetadata(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]error{"end": nil, "error": ErrRefused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := echo()
			e.Count = func(ctx context.Context, _ Note) (endpoint.Stream[Note], error) {
				reply := endpoint.CallFrom(ctx).Reply()
				return func(yield func(Note, error) bool) {
					reply.Set("x-first", "1")
					if !yield(Note{}, nil) {
						return
					}
					reply.Set("x-last", "2")
					if end != nil {
						yield(Note{}, end)
					}
				}, nil
			}
			conn := serve(t, register(t, &e))
			s, err := echopb.NewEchoClient(conn).Count(t.Context(), &echopb.Note{})
			require.NoError(t, err)
			header, err := s.Header()
			require.NoError(t, err)
			require.Equal(t, []string{"1"}, header["x-first"])
			for err == nil {
				_, err = s.Recv()
			}
			require.Equal(t, []string{"2"}, s.Trailer()["x-last"])
			require.Empty(t, s.Trailer()["x-first"])

			var first, last string
			layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error {
					reply := endpoint.CallFrom(ctx).Reply()
					first, last = reply.Get("x-first"), reply.Get("x-last")
					return err
				}, nil
			})
			var c Echo
			connect(t, conn, &c, grpcx.Use(layer))
			items, err := c.Count(t.Context(), Note{})
			require.NoError(t, err)
			_, err = items.Collect()
			require.ErrorIs(t, err, end)
			require.Equal(t, []string{"1", "2"}, []string{first, last})
		})
	}
}

// TestNoForwarding holds that what came in goes on to the next hop only if
// somebody says so.
func TestNoForwarding(t *testing.T) {
	t.Parallel()
	s := &metadataServer{}
	var behind Echo
	connect(t, serve(t, func(g *grpc.Server) { echopb.RegisterEchoServer(g, s) }), &behind)
	var c Echo
	connect(t, serve(t, register(t, &behind)), &c)
	_, err := c.Say(endpoint.WithHeader(t.Context(), "x-key", "v"), Note{})
	require.NoError(t, err)
	require.Empty(t, s.got["x-key"])
}

// TestCallOptions has options of grpc-go for a client, for one call, and none for
// the calls that a layer makes.
func TestCallOptions(t *testing.T) {
	t.Parallel()
	var encodings []string
	interceptor := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		stream := grpc.ServerTransportStreamFromContext(ctx)
		encodings = append(encodings, stream.(interface{ RecvCompress() string }).RecvCompress())
		return next(ctx, req)
	}
	conn := serve(t, func(g *grpc.Server) { echopb.RegisterEchoServer(g, &metadataServer{}) }, grpc.UnaryInterceptor(interceptor))
	var token, c Echo
	connect(t, conn, &token)
	layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		_, err := token.Say(ctx, Note{})
		return ctx, nil, err
	})
	connect(t, conn, &c, grpcx.Use(layer))
	var trailer metadata.MD
	var p peer.Peer
	ctx := grpcx.WithCallOptions(t.Context(), grpc.UseCompressor(gzip.Name))
	ctx = grpcx.WithCallOptions(ctx, grpc.Trailer(&trailer), grpc.Peer(&p))
	_, err := c.Say(ctx, Note{Text: "compressed"})
	require.NoError(t, err)
	require.Equal(t, []string{"", "gzip"}, encodings)
	require.Equal(t, []string{"t"}, trailer["x-trailer"])
	require.Equal(t, "192.0.2.1:80", p.Addr.String())

	encodings = nil
	var all Echo
	connect(t, conn, &all, grpcx.CallOptions(grpc.UseCompressor(gzip.Name)))
	_, err = all.Say(t.Context(), Note{})
	require.NoError(t, err)
	require.Equal(t, []string{"gzip"}, encodings)

	encodings = nil
	late := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return grpcx.WithCallOptions(ctx, grpc.UseCompressor(gzip.Name)), nil, nil
	})
	var added Echo
	connect(t, conn, &added, grpcx.Use(late))
	_, err = added.Say(t.Context(), Note{})
	require.NoError(t, err)
	require.Equal(t, []string{"gzip"}, encodings)
}

// TestInterceptors has those of a *grpc.Server around a unary endpoint: inside of
// the layers, with the messages as the handler has them and errors that have a
// status.
func TestInterceptors(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]bool{"protobuf": false, "JSON": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var trace []string
			var code codes.Code
			var refuse error
			interceptor := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
				trace = append(trace, "interceptor "+info.FullMethod)
				if refuse != nil {
					return nil, refuse
				}
				if n, ok := req.(*Note); ok {
					n.Number++
				}
				resp, err := next(ctx, req)
				code = status.Code(err)
				return resp, err
			}
			layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				trace = append(trace, "enter")
				return ctx, func(err error) error { trace = append(trace, "exit"); return err }, nil
			})
			e := echo()
			e.Say = func(_ context.Context, n Note) (Note, error) {
				trace = append(trace, "handler")
				if n.Text == "fail" {
					return Note{}, ErrRefused
				}
				return n, nil
			}
			var svc grpcx.Service = &e
			var own plainEcho
			var c grpcx.Service = &own.Echo
			if kind {
				svc, c = &plainEcho{e}, &own
			}
			connect(t, serve(t, register(t, svc, grpcx.Use(layer)), grpc.UnaryInterceptor(interceptor)), c)
			got, err := own.Say(t.Context(), Note{Text: "a"})
			require.NoError(t, err)
			require.Equal(t, Note{Text: "a", Number: 1}, got)
			require.Equal(t, []string{"enter", "handler", "exit"}, slices.Delete(slices.Clone(trace), 1, 2))
			_, err = own.Say(t.Context(), Note{Text: "fail"})
			require.ErrorIs(t, err, ErrRefused)
			require.Equal(t, codes.FailedPrecondition, code)
			refuse = status.Error(codes.PermissionDenied, "not you")
			_, err = own.Say(t.Context(), Note{})
			require.Equal(t, endpoint.PermissionDenied, endpoint.CodeOf(err))
			require.Equal(t, "not you", endpoint.ErrorOf(err).Message())
		})
	}
}

// TestInterceptorGivesUp has an interceptor that answers before the handler does,
// which then fails while other calls go on, and still has its own Call.
func TestInterceptorGivesUp(t *testing.T) {
	t.Parallel()
	gaveUp, failed := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	interceptor := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if metadata.ValueFromIncomingContext(ctx, "late") == nil {
			return next(ctx, req)
		}
		go func() {
			_, err := next(ctx, req)
			failed <- err
		}()
		return nil, status.Error(codes.DeadlineExceeded, "too late")
	}
	e := echo()
	e.Say = func(ctx context.Context, n Note) (Note, error) {
		c := endpoint.CallFrom(ctx)
		late := c.Header().Get("late")
		if late == "" {
			return n, nil
		}
		<-gaveUp
		return Note{}, ErrRefused.With("%s at %s, %d bytes", c.Header().Get("late"), c.Operation().Name, c.RequestBytes())
	}
	var c Echo
	connect(t, serve(t, register(t, &e), grpc.UnaryInterceptor(interceptor)), &c)
	defer once.Do(func() { close(gaveUp) })
	_, err := c.Say(endpoint.WithHeader(t.Context(), "late", "yes"), Note{Number: 1})
	require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
	for range 100 {
		_, err = c.Say(t.Context(), Note{Text: "another"})
		require.NoError(t, err)
	}
	once.Do(func() { close(gaveUp) })
	err = <-failed
	require.ErrorIs(t, err, ErrRefused)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.Contains(t, err.Error(), "yes at Say, 2 bytes")
}

// TestInterceptorReply: the reply that a handler behind an interceptor sets goes out if
// the handler returned before the interceptor did. One that is still running writes
// nothing into a call that is over.
func TestInterceptorReply(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler func(next func() error) error
		want    string
	}{
		{"waits", func(next func() error) error { return next() }, "ada"},
		{"waits for another goroutine", func(next func() error) error {
			done := make(chan error)
			go func() { done <- next() }()
			return <-done
		}, "ada"},
		{"gives up", func(next func() error) error {
			go next()
			return ErrRefused
		}, ""},
		{"calls it with a context of its own", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var wg sync.WaitGroup
			defer wg.Wait()
			interceptor := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
				if tt.handler == nil {
					return next(context.WithoutCancel(t.Context()), req)
				}
				wg.Add(1)
				err = tt.handler(func() (err error) {
					defer wg.Done()
					r, err := next(ctx, req)
					if tt.want != "" {
						resp = r
					}
					return err
				})
				return resp, err
			}
			e := echo()
			e.Say = func(ctx context.Context, n Note) (Note, error) {
				c := endpoint.CallFrom(ctx)
				c.SetPrincipal("ada")
				for i := range 1000 {
					c.Reply().Set(fmt.Sprint("x-", i%10), "v")
				}
				return n, nil
			}
			var principal string
			layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error {
					principal = endpoint.CallFrom(ctx).Principal()
					return err
				}, nil
			})
			var reply endpoint.Header
			seen := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error {
					reply = *endpoint.CallFrom(ctx).Reply()
					return err
				}, nil
			})
			var c Echo
			connect(t, serve(t, register(t, &e, grpcx.Use(layer)), grpc.UnaryInterceptor(interceptor)), &c, grpcx.Use(seen))
			for range 20 {
				_, err := c.Say(t.Context(), Note{Number: 1})
				if tt.name == "gives up" {
					require.ErrorIs(t, err, ErrRefused)
					continue // whether the handler was faster is left open
				}
				require.NoError(t, err)
				require.Equal(t, tt.want, principal)
				require.Equal(t, tt.want != "", reply.Get("x-9") == "v")
			}
		})
	}
}
