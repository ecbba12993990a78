package httpx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
)

// A link is a proxy between a client and a server whose connections can be cut.
type link struct {
	l net.Listener

	mu    sync.Mutex // guards the fields below
	conns []*net.TCPConn
}

// newLink returns a link to the server at address, until the test ends.
func newLink(t *testing.T, address string) *link {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &link{l: l}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", address) //nolint:noctx // it is this machine
			if err != nil {
				_ = near.Close()
				continue
			}
			p.add(near.(*net.TCPConn), far.(*net.TCPConn))
			wg.Go(func() { _, _ = io.Copy(near, far); _ = near.(*net.TCPConn).CloseWrite() })
			wg.Go(func() { _, _ = io.Copy(far, near); _ = far.(*net.TCPConn).CloseWrite() })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.cut(false)
		wg.Wait()
	})
	return p
}

func (p *link) add(conns ...*net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
}

// cut ends all connections at once: by a reset, or as a process that ends does.
func (p *link) cut(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if reset {
			_ = c.SetLinger(0)
		}
		_ = c.Close()
	}
	p.conns = nil
}

// A wiring is a way from a client to a server, and whether it is HTTP/2.
type wiring struct {
	name string
	two  bool
	make func(t *testing.T, h http.Handler) (p *link, url string, opts []httpx.ConnOption)
}

// wirings are HTTP/1, and HTTP/2 without and with TLS.
func wirings() []wiring {
	plain := func(t *testing.T, h http.Handler) (*link, string) {
		t.Helper()
		p := newLink(t, strings.TrimPrefix(listen2(t, h), "http://"))
		return p, "http://" + p.l.Addr().String()
	}
	return []wiring{
		{"HTTP/1", false, func(t *testing.T, h http.Handler) (*link, string, []httpx.ConnOption) {
			t.Helper()
			p, url := plain(t, h)
			return p, url, nil
		}},
		{"h2c", true, func(t *testing.T, h http.Handler) (*link, string, []httpx.ConnOption) {
			t.Helper()
			p, url := plain(t, h)
			return p, url, []httpx.ConnOption{httpx.H2C()}
		}},
		{"HTTP/2 over TLS", true, func(t *testing.T, h http.Handler) (*link, string, []httpx.ConnOption) {
			t.Helper()
			s := httptest.NewUnstartedServer(h)
			s.EnableHTTP2 = true
			s.StartTLS()
			t.Cleanup(s.Close)
			roots := x509.NewCertPool()
			roots.AddCert(s.Certificate())
			p := newLink(t, s.Listener.Addr().String())
			return p, "https://" + p.l.Addr().String(), []httpx.ConnOption{httpx.TLS(&tls.Config{RootCAs: roots})}
		}},
	}
}

// dial fills svc with calls over a new link of the wiring.
func (w wiring) dial(t *testing.T, h http.Handler, svc httpx.Service, opts ...httpx.Option) *link {
	t.Helper()
	p, url, with := w.make(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if (r.ProtoMajor == 2) != w.two {
			t.Errorf("%s: the request is %s", w.name, r.Proto)
		}
		h.ServeHTTP(rw, r)
	}))
	conn := httpx.To(url, with...)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, httpx.Client(conn, svc, opts...))
	return p
}

// onWirings runs a test over each wiring, over which a server is cut off by a
// reset and by an end.
func onWirings(t *testing.T, test func(t *testing.T, w wiring, reset bool)) {
	t.Helper()
	for _, w := range wirings() {
		for how, reset := range map[string]bool{"reset": true, "ended": false} {
			t.Run(w.name+" "+how, func(t *testing.T) {
				t.Parallel()
				test(t, w, reset)
			})
		}
	}
}

// waiting ends when ctx does, and with the test.
func waiting(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-ctx.Done():
	case <-t.Context().Done():
	}
}
