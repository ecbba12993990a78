package netrpcx_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/gob"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"net/rpc"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/server"
)

// trap is a type that writes itself to gob, and fails or panics for some values.
type trap struct{ text string }

func (v trap) GobEncode() ([]byte, error) {
	switch v.text {
	case "encode fails":
		return nil, errors.New("secret")
	case "encode panics":
		panic("the value of the panic")
	}
	return []byte(v.text), nil
}

func (v *trap) GobDecode(data []byte) error {
	v.text = string(data)
	switch v.text {
	case "decode fails":
		return errors.New("secret")
	case "decode panics":
		panic("the value of the panic")
	}
	return nil
}

var _ gob.GobEncoder = trap{}

// trapped is a message with a trap. Its types are described before the trap is written.
type trapped struct {
	Name string
	In   []trap
}

func of(text string) trapped { return trapped{"n", []trap{{text}}} }

// TestGobFails has messages whose methods fail or panic, on both ends. The next call succeeds
// on the same connection.
func TestGobFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h hooked
		answer := ""
		n := one(t, func(_ context.Context, v trapped) (trapped, error) {
			if answer != "" {
				return of(answer), nil
			}
			return v, nil
		}, netrpcx.ErrorHook(h.add))
		c := calls[trapped, trapped](t, n.conn(t))
		ask := func(request, response string) error {
			answer = response
			_, err := c.Do(t.Context(), of(request))
			answer = ""
			v, next := c.Do(t.Context(), of("next"))
			require.NoError(t, next)
			require.Equal(t, of("next"), v)
			return err
		}
		want := func(err error, code endpoint.Code, remote bool) {
			t.Helper()
			e := endpoint.ErrorOf(err)
			require.Equal(t, []any{code, remote}, []any{e.Code(), e.Remote()}, "%v", err)
			require.NotContains(t, e.Message(), "secret")
		}
		want(ask("encode fails", ""), endpoint.InvalidArgument, false)
		require.PanicsWithValue(t, "the value of the panic", func() { _ = ask("encode panics", "") })
		want(ask("decode fails", ""), endpoint.InvalidArgument, true)
		require.Len(t, h.errors(), 1)
		want(ask("decode panics", ""), endpoint.Internal, true)
		want(ask("x", "encode fails"), endpoint.Internal, true)
		want(ask("x", "encode panics"), endpoint.Internal, true)
		require.Len(t, h.errors(), 4)
		want(ask("x", "decode fails"), endpoint.Internal, false)
		require.PanicsWithValue(t, "the value of the panic", func() { _ = ask("x", "decode panics") })
		require.Len(t, h.errors(), 4)
	})
}

// TestTypesAfterFailure has a server that cannot write its first response. The peer of net/rpc
// must get the descriptions of the types that were made for it.
func TestTypesAfterFailure(t *testing.T) {
	t.Parallel()
	n := one(t, func(_ context.Context, text string) (trapped, error) { return of(text), nil })
	c := forms()["gob"].client(n.dial(t))
	defer c.Close()
	var got trapped
	require.EqualError(t, c.Call("T.Do", "encode fails", &got), "INTERNAL: cannot write the response")
	require.NoError(t, c.Call("T.Do", "x", &got))
	require.Equal(t, of("x"), got)
}

// TestConnections has calls at the same time, each with a connection of its own, which later
// calls use again.
func TestConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := one(t, func(_ context.Context, v int) (int, error) {
			time.Sleep(time.Duration(v) * time.Second)
			if v == 5 {
				return 0, errZero
			}
			return v, nil
		})
		var dialled atomic.Int64
		conn := netrpcx.To("server.example:1", netrpcx.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled.Add(1)
			return n.Dial(ctx, network, addr)
		}))
		c := calls[int, int](t, conn)
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				v, err := c.Do(t.Context(), i)
				if i == 5 && !errors.Is(err, errZero) || i != 5 && (err != nil || v != i) {
					t.Errorf("the call %d got %d and %v", i, v, err)
				}
			})
		}
		all.Wait()
		before := dialled.Load()
		require.LessOrEqual(t, before, int64(10))
		for range 20 {
			_, err := c.Do(t.Context(), 0)
			require.NoError(t, err)
		}
		require.Equal(t, before, dialled.Load(), "they are used again")
		time.Sleep(2 * time.Minute)
		_, err := c.Do(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, before+1, dialled.Load(), "but not for ever")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err = c.Do(ctx, 100)
		require.Equal(t, []any{endpoint.DeadlineExceeded, time.Second}, []any{endpoint.CodeOf(err), time.Since(start)})
		require.NoError(t, conn.Close())
		_, err = c.Do(t.Context(), 0)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.True(t, endpoint.NotSent(err))
	})
}

// TestReconnect has a server that was started anew. A client notices that its connection has
// ended, and does not use it for a call.
func TestReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := one(t, echo[int]), one(t, echo[int])
		at := first
		conn := netrpcx.To("server.example:1", netrpcx.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) { return at.Dial(ctx, network, addr) }))
		c := calls[int, int](t, conn)
		_, err := c.Do(t.Context(), 7)
		require.NoError(t, err)
		at = second
		require.NoError(t, first.server.Close())
		synctest.Wait()
		_, err = c.Do(t.Context(), 7)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	})
}

// TestMaxResponse has responses that are too large.
func TestMaxResponse(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		n := one(t, func(_ context.Context, size int) (string, error) { return strings.Repeat("x", size), nil }, f.opts...)
		c := calls[int, string](t, n.conn(t, netrpcx.MaxResponse(1000)), f.opts...)
		for _, size := range []int{1001, 900_000, 20 << 20} {
			_, err := c.Do(t.Context(), size)
			require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err), "%v", err)
			require.True(t, endpoint.MaybeSent(err))
			v, err := c.Do(t.Context(), 100)
			require.NoError(t, err)
			require.Len(t, v, 100)
		}
	})
}

// TestNoUseAfterFault has a server whose responses cannot be read further. No later call uses
// the connection of such a response.
func TestNoUseAfterFault(t *testing.T) {
	t.Parallel()
	var head, request bytes.Buffer
	require.NoError(t, gob.NewEncoder(&head).Encode(&rpc.Response{ServiceMethod: "T.Do", Seq: 1}))
	head.Write([]byte{0xfc, 0x7f, 0xff, 0xff, 0xff, 2, 0}) // the length of the body
	require.NoError(t, gob.NewEncoder(&request).Encode(&rpc.Request{ServiceMethod: "T.Do", Seq: 1}))
	var dialled atomic.Int64
	var ended sync.WaitGroup
	conn := netrpcx.To("server.example:1", netrpcx.DialFunc(func(context.Context, string, string) (net.Conn, error) {
		dialled.Add(1)
		here, there := net.Pipe()
		ended.Go(func() {
			_, _ = io.ReadFull(there, make([]byte, request.Len()))
			go func() { _, _ = io.Copy(io.Discard, there) }()
			_, _ = there.Write(head.Bytes())
		})
		return here, nil
	}))
	c := calls[int, int](t, conn)
	for i := range 2000 {
		_, err := c.Do(t.Context(), i)
		require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err), "%v", err)
		require.Equal(t, int64(i+1), dialled.Load())
	}
	require.NoError(t, conn.Close())
	ended.Wait()
}

// TestUnanswered has a server that accepts calls and never answers.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		l := endpointtest.NewListener()
		n := &network{Listener: l}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				t.Cleanup(func() { _ = c.Close() }) // without reading from it
			}
		}()
		c := calls[string, int](t, n.conn(t), append([]netrpcx.Option{netrpcx.CallTimeout(time.Minute)}, f.opts...)...)
		start := time.Now()
		_, err := c.Do(t.Context(), "x")
		require.Equal(t, []any{endpoint.DeadlineExceeded, time.Minute}, []any{endpoint.CodeOf(err), time.Since(start)})
		require.ErrorContains(t, err, "not answered within 1m0s")
		require.NoError(t, l.Close())
	})
}

// TestTLS calls a server over TLS, and one that the client does not trust.
func TestTLS(t *testing.T) {
	t.Parallel()
	certs, pool := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, err := netrpcx.NewServer(&single[int, int]{Do: echo[int]})
	require.NoError(t, err)
	go s.Serve(tls.NewListener(l, &tls.Config{Certificates: certs})) //nolint:gosec // of a test
	t.Cleanup(func() { require.NoError(t, s.Close()); require.NoError(t, s.Drain(context.WithoutCancel(t.Context()))) })
	conn := netrpcx.To(l.Addr().String(), netrpcx.TLS(&tls.Config{RootCAs: pool})) //nolint:gosec // of a test
	c := calls[int, int](t, conn)
	v, err := c.Do(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, 7, v)
	require.NoError(t, conn.Close())

	stranger := netrpcx.To(l.Addr().String(), netrpcx.TLS(&tls.Config{})) //nolint:gosec // of a test
	_, err = calls[int, int](t, stranger).Do(t.Context(), 7)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "the TLS handshake failed")
	require.NoError(t, stranger.Close())
}

// TestPool calls the servers of a pool.
func TestPool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := one(t, echo[int])
		pool := discover.New(netrpcx.Dialer(netrpcx.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) { return n.Dial(ctx, network, addr) })))
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- pool.Run(ctx, discover.Static("a.example:1", "b.example:1")) }()
		c := calls[int, int](t, pool)
		for i := range 10 {
			v, err := c.Do(t.Context(), i)
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		stop()
		<-ran
	})
}

// certificate returns a certificate of 127.0.0.1, and the pool that trusts it.
func certificate(t *testing.T) ([]tls.Certificate, *x509.CertPool) {
	t.Helper()
	own := httptest.NewTLSServer(nil)
	defer own.Close()
	pool := x509.NewCertPool()
	pool.AddCert(own.Certificate())
	return own.TLS.Certificates, pool
}

var _ server.Part = (*netrpcx.Server)(nil)
