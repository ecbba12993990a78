package netrpcx_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/netrpcx"
)

// seeds returns what a client of net/rpc writes, and some of what it does not.
func seeds(f *testing.F) {
	f.Helper()
	for _, request := range []any{
		struct {
			ServiceMethod string
			Seq           uint64
		}{"T.Do", 1},
		struct {
			ServiceMethod string
			Seq           uint64
			Error         string
		}{"T.Do", 1, "ABORTED: x"},
	} {
		for _, body := range []any{Quotient{1, 2, []string{"x"}, map[string]float64{"a": 1}}, struct{}{}, 7, []Quotient{{}, {Rem: 3}}} {
			var out bytes.Buffer
			enc := gob.NewEncoder(&out)
			require.NoError(f, enc.Encode(request))
			require.NoError(f, enc.Encode(body))
			f.Add(out.Bytes())
		}
	}
	for _, text := range []string{
		`{"method":"T.Do","params":[{"Quo":1,"Tags":["x"]}],"id":1}`, `{"method":"T.Do","params":[],"id":{}}{"id":null}`, `{"method":"T.X","params":7}`,
		`{"id":1,"result":{"Quo":1},"error":null}`, `{"id":1,"result":null,"error":"x"}`, `{"id":1}`, "\xf8\xff\xff\xff\xff\xff\xff\xff\xff", `[`,
	} {
		f.Add([]byte(text))
	}
}

// FuzzServer sends any bytes to a server, in both forms. It answers or closes the connection.
func FuzzServer(f *testing.F) {
	seeds(f)
	var all []*netrpcx.Server
	for _, form := range forms() {
		s, err := netrpcx.NewServer(&single[Quotient, Quotient]{Do: echo[Quotient]}, append([]netrpcx.Option{netrpcx.MaxMessage(4 << 10)}, form.opts...)...)
		require.NoError(f, err)
		all = append(all, s)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		for _, s := range all {
			near, far := net.Pipe()
			l := make(oneConn, 1)
			l <- far
			served := make(chan error, 1)
			go func() { served <- s.Serve(l) }()
			drained := make(chan struct{})
			go func() { defer close(drained); _, _ = io.Copy(io.Discard, near) }()
			_ = near.SetWriteDeadline(time.Now().Add(5 * time.Second))
			_, _ = near.Write(sent)
			_ = near.Close()
			<-drained
			<-served
		}
	})
}

// oneConn is a listener of one connection.
type oneConn chan net.Conn

func (l oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l:
		return c, nil
	default:
		return nil, net.ErrClosed
	}
}
func (l oneConn) Close() error   { return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// FuzzClient has a client read any bytes as an answer, in both forms.
func FuzzClient(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, form := range forms() {
			ended := make(chan struct{})
			conn := netrpcx.To("peer.example:1", netrpcx.MaxResponse(4<<10), netrpcx.DialFunc(func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() {
					defer close(ended)
					_, _ = far.Read(make([]byte, 4<<10))
					go func() { _, _ = io.Copy(io.Discard, far) }()
					_, _ = far.Write(answer)
					_ = far.Close()
				}()
				return near, nil
			}))
			c := new(single[int, Quotient])
			require.NoError(t, netrpcx.Client(conn, c, form.opts...))
			_, err := c.Do(t.Context(), 7)
			if err != nil && endpoint.CodeOf(err) == endpoint.OK {
				t.Fatalf("an error has no code: %v", err)
			}
			<-ended
			require.NoError(t, conn.Close())
		}
	})
}
