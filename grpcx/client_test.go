package grpcx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestNotSent has calls that never left: they may be repeated, whatever they do.
func TestNotSent(t *testing.T) {
	t.Parallel()
	l := endpointtest.NewListener()
	l.Close()
	closed := dial(t, l)
	closed.Close()
	for name, conn := range map[string]*grpc.ClientConn{"no server": dial(t, l), "a closed connection": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c Echo
			connect(t, conn, &c)
			_, err := c.Say(t.Context(), Note{})
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
			require.True(t, endpoint.NotSent(err))
			require.True(t, endpoint.Retryable(err))
			require.Equal(t, "temporarily unavailable", endpoint.ErrorOf(err).Message())
			require.ErrorContains(t, err, "the server cannot be reached: ")
			require.False(t, endpoint.ErrorOf(err).Remote())
			ranged := false
			_, err = c.Sum(t.Context(), func(func(Note, error) bool) { ranged = true })
			require.True(t, endpoint.NotSent(err))
			require.False(t, ranged, "the request stream is untouched")
			items, err := c.Count(t.Context(), Note{})
			require.NoError(t, err)
			_, err = items.Collect()
			require.True(t, endpoint.NotSent(err))
		})
	}
}

// TestMaybeSent has errors of calls that reached the server.
func TestMaybeSent(t *testing.T) {
	t.Parallel()
	e := echo()
	e.Say = func(context.Context, Note) (Note, error) {
		return Note{}, endpoint.Errorf(endpoint.Unavailable, "later")
	}
	e.Look = e.Say
	var c Echo
	connect(t, serve(t, register(t, &e)), &c)
	_, err := c.Say(t.Context(), Note{})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.True(t, endpoint.MaybeSent(err))
	require.False(t, endpoint.Retryable(err))
	_, err = c.Look(t.Context(), Note{})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.True(t, endpoint.Retryable(err), "it is idempotent")
}

// TestForeignConn is a connection that tells nothing of streams: its errors might
// be of calls that were sent.
func TestForeignConn(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{invoke: func(context.Context, any, []grpc.CallOption) error { return status.Error(codes.Unavailable, "gone") }}
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	require.True(t, endpoint.MaybeSent(err))
	conn.invoke = func(context.Context, any, []grpc.CallOption) error { return ErrRefused }
	_, err = c.Say(t.Context(), Note{})
	require.ErrorIs(t, err, ErrRefused, "an error of this process stays what it is")
	conn.invoke = func(context.Context, any, []grpc.CallOption) error { return errors.New("odd") }
	_, err = c.Say(t.Context(), Note{})
	require.Equal(t, endpoint.Unknown, endpoint.CodeOf(err))
}

// pool is a target that counts.
type pool struct {
	conn     grpc.ClientConnInterface
	acquired atomic.Int32
	released atomic.Int32
	outcome  atomic.Value
	fail     error
}

func (p *pool) Acquire(context.Context) (grpc.ClientConnInterface, endpoint.Token, error) {
	if p.fail != nil {
		return nil, endpoint.Token{}, p.fail
	}
	p.acquired.Add(1)
	return p.conn, endpoint.Token{N: 7}, nil
}

func (p *pool) Release(tok endpoint.Token, err error) {
	if tok.N == 7 {
		p.released.Add(1)
	}
	p.outcome.Store([]error{err})
}

func (p *pool) ended(t *testing.T) error {
	t.Helper()
	require.Equal(t, p.acquired.Load(), p.released.Load())
	require.EqualValues(t, 1, p.acquired.Swap(0))
	p.released.Store(0)
	return p.outcome.Load().([]error)[0]
}

// pools has a pool for each operation.
type pools map[string]*pool

func (p pools) For(op *endpoint.Operation) endpoint.Target[grpc.ClientConnInterface] {
	return p[op.Name]
}

func (pools) Acquire(context.Context) (grpc.ClientConnInterface, endpoint.Token, error) {
	panic("no operation has it")
}
func (pools) Release(endpoint.Token, error) {}

// TestTarget acquires and releases once for each call, for a stream at its end.
func TestTarget(t *testing.T) {
	t.Parallel()
	e := echo()
	e.Look = func(context.Context, Note) (Note, error) { return Note{}, ErrRefused }
	conn := serve(t, register(t, &e))
	ps := pools{"Say": {conn: conn}, "Look": {conn: conn}, "Count": {conn: conn}, "Sum": {conn: conn}, "Talk": {fail: ErrRefused}}
	var c Echo
	require.NoError(t, grpcx.Client(ps, &c))
	_, err := c.Say(t.Context(), Note{})
	require.NoError(t, err)
	require.NoError(t, ps["Say"].ended(t))
	_, err = c.Look(t.Context(), Note{})
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorIs(t, ps["Look"].ended(t), ErrRefused)
	items, err := c.Count(t.Context(), Note{Number: 3})
	require.NoError(t, err)
	for _, err := range items {
		require.NoError(t, err)
		require.EqualValues(t, 0, ps["Count"].released.Load())
	}
	require.NoError(t, ps["Count"].ended(t))
	for range items {
		break
	}
	require.ErrorIs(t, ps["Count"].ended(t), endpoint.ErrStopped)
	require.PanicsWithValue(t, "body", func() {
		for range items {
			panic("body")
		}
	})
	require.ErrorIs(t, ps["Count"].ended(t), endpoint.ErrStopped)
	_, err = c.Sum(t.Context(), endpoint.StreamOf(Note{}))
	require.NoError(t, err)
	require.NoError(t, ps["Sum"].ended(t))
	items, err = c.Talk(t.Context(), nil)
	require.NoError(t, err)
	_, err = items.Collect()
	require.ErrorIs(t, err, ErrRefused, "a target that has no connection")
}

// TestUnwritable has messages that cannot be written or read.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	e := echo()
	e.Look = func(context.Context, Note) (Note, error) { return Note{Text: "a\xff"}, nil }
	for name, isJSON := range map[string]bool{"protobuf": false, "JSON": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c plainEcho
			if isJSON {
				connect(t, serve(t, register(t, &plainEcho{e})), &c)
			} else {
				connect(t, serve(t, register(t, &e)), &c.Echo)
			}
			_, err := c.Say(t.Context(), Note{Text: "a\xff"})
			require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
			require.ErrorContains(t, err, "cannot write the request: ")
			_, err = c.Sum(t.Context(), endpoint.StreamOf(Note{}, Note{Text: "a\xff"}))
			require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
			require.ErrorContains(t, err, "cannot write an item: ")
			_, err = c.Look(t.Context(), Note{})
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		})
	}
	other := func(m *grpcx.Methods, e *endpoint.Endpoint[Note, int]) { m.Unary("Do", e) }
	conn := serve(t, register(t, &typed[Note, Note]{e.Say, func(m *grpcx.Methods, e *endpoint.Endpoint[Note, Note]) {
		m.Service("test.Other")
		m.Unary("Do", e)
	}}))
	c := typed[Note, int]{describe: func(m *grpcx.Methods, e *endpoint.Endpoint[Note, int]) { m.Service("test.Other"); other(m, e) }}
	connect(t, conn, &c)
	_, err := c.Do(t.Context(), Note{})
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
	require.ErrorContains(t, err, "the response cannot be read: ")
	require.NotContains(t, err.Error(), "request")
	require.NotErrorIs(t, err, grpcx.ErrInvalidRequest)
	require.False(t, endpoint.ErrorOf(err).Remote())
}

// TestTooLarge has messages beyond the limits of grpc-go itself.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	e := echo()
	conn := serve(t, register(t, &e))
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{Blob: make([]byte, grpcx.DefaultMaxMessage+1)})
	require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err))
	_, err = c.Say(grpcx.WithCallOptions(t.Context(), grpc.MaxCallRecvMsgSize(10)), Note{Blob: make([]byte, 100)})
	require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err))
}

// TestDialer makes connections to addresses, over real sockets.
func TestDialer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer()
	echopb.RegisterEchoServer(s, generated{})
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	defer func() { s.Stop(); <-done }()
	for _, addr := range []string{l.Addr().String(), "dns:///" + l.Addr().String()} {
		conn, err := grpcx.Dialer(insecure.NewCredentials(), grpc.WithUserAgent("tester"))(t.Context(), addr)
		require.NoError(t, err)
		var c Echo
		connect(t, conn, &c)
		_, err = c.Say(t.Context(), Note{})
		require.NoError(t, err)
		closer, ok := conn.(interface{ Close() error })
		require.True(t, ok)
		require.NoError(t, closer.Close())
	}
	_, err = grpcx.Dialer(insecure.NewCredentials(), grpc.WithDefaultServiceConfig("{"))(t.Context(), "x")
	require.ErrorContains(t, err, "grpcx: Dialer: ")
}

// TestDeadlineOfNextHop sees the caller's deadline two servers away.
func TestDeadlineOfNextHop(t *testing.T) {
	t.Parallel()
	var seen atomic.Bool
	e := echo()
	e.Say = func(ctx context.Context, n Note) (Note, error) {
		_, ok := ctx.Deadline()
		seen.Store(ok)
		return n, nil
	}
	var behind, c Echo
	connect(t, serve(t, register(t, &e)), &behind)
	connect(t, serve(t, register(t, &behind)), &c)
	ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(t.Context(), nil), 1<<40)
	defer cancel()
	_, err := c.Say(ctx, Note{})
	require.NoError(t, err)
	require.True(t, seen.Load())
}

// dialled is a pool of one connection, as discover makes larger ones: the type of
// its connections is that of what dial returns.
type dialled[C any] struct{ conn C }

func newDialled[C any](ctx context.Context, dial func(ctx context.Context, addr string) (C, error), addr string) (*dialled[C], error) {
	conn, err := dial(ctx, addr)
	return &dialled[C]{conn}, err
}

func (d *dialled[C]) Acquire(context.Context) (C, endpoint.Token, error) {
	return d.conn, endpoint.Token{}, nil
}

func (*dialled[C]) Release(endpoint.Token, error) {}

// TestDialerOfPool needs no type argument.
func TestDialerOfPool(t *testing.T) {
	t.Parallel()
	p, err := newDialled(t.Context(), grpcx.Dialer(insecure.NewCredentials()), "192.0.2.1:80")
	require.NoError(t, err)
	defer p.conn.(*grpc.ClientConn).Close()
	var c Echo
	require.NoError(t, grpcx.Client(p, &c))
}

// TestWords has the texts of errors that the server did not make: the status is
// found in them, and only its message is said.
func TestWords(t *testing.T) {
	t.Parallel()
	l := endpointtest.NewListener()
	l.Close()
	e := echo()
	up, down := serve(t, register(t, &e)), dial(t, l)
	faulty := Note{Text: "a\xff"}
	odd := &fakeConn{invoke: func(context.Context, any, []grpc.CallOption) error { return status.Error(codes.NotFound, "") }}
	for _, tt := range []struct {
		name string
		conn grpc.ClientConnInterface
		call func(ctx context.Context, c *Echo) error
		want string // how the text begins
		code codes.Code
	}{
		{"no server", down, func(ctx context.Context, c *Echo) error { _, err := c.Say(ctx, Note{}); return err }, "the server cannot be reached: connection error: ", codes.Unavailable},
		{"no server for a stream", down, func(ctx context.Context, c *Echo) error { _, err := c.Sum(ctx, nil); return err }, "the server cannot be reached: connection error: ", codes.Unavailable},
		{"a request", up, func(ctx context.Context, c *Echo) error { _, err := c.Say(ctx, faulty); return err }, "cannot write the request: grpc: error while marshaling: ", codes.Internal},
		{"an item", up, func(ctx context.Context, c *Echo) error { _, err := c.Sum(ctx, endpoint.StreamOf(faulty)); return err }, "cannot write an item: grpc: error while marshaling: ", codes.Internal},
		{"a large item", up, func(ctx context.Context, c *Echo) error {
			_, err := c.Sum(grpcx.WithCallOptions(ctx, grpc.MaxCallSendMsgSize(1)), endpoint.StreamOf(Note{Text: "abc"}))
			return err
		}, "an item is too large to be sent: trying to send message larger than max ", codes.ResourceExhausted},
		{"no words", odd, func(ctx context.Context, c *Echo) error { _, err := c.Say(ctx, Note{}); return err }, "not found", codes.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c Echo
			connect(t, tt.conn, &c)
			err := tt.call(t.Context(), &c)
			require.ErrorContains(t, err, tt.want)
			require.True(t, strings.HasPrefix(err.Error(), tt.want), err)
			require.NotContains(t, err.Error(), "rpc error")
			st, ok := status.FromError(endpoint.ErrorOf(err).Unwrap())
			require.True(t, ok)
			require.Equal(t, tt.code, st.Code())
			var kept interface{ GRPCStatus() *status.Status }
			require.ErrorAs(t, err, &kept)
			require.Equal(t, tt.code, kept.GRPCStatus().Code())
		})
	}
}

// TestUntrusted has a server whose certificate is not accepted, and servers that do not
// accept the client's. A repeat would end in the same way. By TLS 1.3 a server rejects
// the client's after the handshake, so which error is seen first is a matter of chance.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	own := httptest.NewTLSServer(nil) // has a certificate
	t.Cleanup(own.Close)
	certs, roots := own.TLS.Certificates, x509.NewCertPool()
	roots.AddCert(own.Certificate())
	for name, tt := range map[string]struct {
		server, client *tls.Config
		trusted        bool
	}{
		"both":                         {&tls.Config{}, &tls.Config{RootCAs: roots}, true},
		"not the server":               {&tls.Config{}, &tls.Config{RootCAs: x509.NewCertPool()}, false},
		"another name":                 {&tls.Config{}, &tls.Config{RootCAs: roots, ServerName: "shop.internal"}, false},
		"no client certificate":        {&tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, &tls.Config{RootCAs: roots}, false},
		"not the client's certificate": {&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12}, &tls.Config{RootCAs: roots, Certificates: certs}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.server.Certificates = certs
			if tt.client.ServerName == "" {
				tt.client.ServerName = "example.com" // of the certificate
			}
			e := echo()
			l := listen(t, register(t, &e), grpc.Creds(credentials.NewTLS(tt.server)))
			conn, err := grpc.NewClient("passthrough:///server", grpc.WithTransportCredentials(credentials.NewTLS(tt.client)),
				grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
			require.NoError(t, err)
			t.Cleanup(func() { conn.Close() })
			var c Echo
			connect(t, conn, &c)
			_, err = c.Say(t.Context(), Note{})
			if tt.trusted {
				require.NoError(t, err)
				return
			}
			items, serr := c.Count(t.Context(), Note{})
			require.NoError(t, serr)
			_, serr = items.Collect()
			for _, err := range []error{err, serr} {
				require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), "%v", err)
				require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
				require.ErrorContains(t, err, "the TLS handshake failed: ")
				require.False(t, endpoint.Retryable(err))
				require.False(t, endpoint.MaybeSent(err))
				require.True(t, endpoint.ServerFault(err), "a pool ejects the instance")
			}
		})
	}
}

// TestNothingToRead: a client whose response is Empty takes any message.
func TestNothingToRead(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]codec.Format{"JSON": codec.JSON(), "CBOR": cbor.Format()} {
		server := &one[Note, string]{func(context.Context, Note) (string, error) { return "done", nil }, []grpcx.MethodOption{grpcx.Codec(format)}}
		c := &one[Note, endpoint.Empty]{opts: server.opts}
		connect(t, serve(t, register(t, server)), c)
		_, err := c.Do(t.Context(), Note{})
		require.NoError(t, err, name)
	}
}

// TestUnreadableText: the text of a response that cannot be read does not speak of a
// request, and an outer caller does not read it.
func TestUnreadableText(t *testing.T) {
	t.Parallel()
	server := &one[Note, string]{Do: func(context.Context, Note) (string, error) { return "done", nil }}
	c := &one[Note, Note]{}
	connect(t, serve(t, register(t, server)), c)
	_, err := c.Do(t.Context(), Note{})
	require.EqualError(t, err, "the response cannot be read: must be an object")
	require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
	require.NotErrorIs(t, err, grpcx.ErrInvalidRequest)
}

// TestNilContext: a call with a nil context is an error, of each kind of call.
func TestNilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	var c Echo
	connect(t, dial(t, endpointtest.NewListener()), &c)
	requireNil := func(err error) {
		t.Helper()
		require.EqualError(t, err, "the context of the call is nil")
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	}
	_, err := c.Say(none, Note{})
	requireNil(err)
	items, err := c.Count(none, Note{})
	require.NoError(t, err)
	_, err = items.Collect()
	requireNil(err)
	_, err = c.Sum(none, endpoint.StreamOf(Note{}))
	requireNil(err)
	items, err = c.Talk(none, endpoint.StreamOf(Note{}))
	require.NoError(t, err)
	_, err = items.Collect()
	requireNil(err)
}
