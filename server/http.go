package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/typedkit/endpoint/server/internal/edge"
)

// HTTP adds a listener with the name "HTTP" that serves h over HTTP/1 and HTTP/2, the
// latter also without TLS (h2c). A malformed address, a nil handler and a nil option are
// faults.
func HTTP(addr string, h http.Handler, opts ...ListenOption) Item {
	return item(func(s *Server) {
		s.check(h != nil, "HTTP: the handler is nil")
		p := &httpPart{server: s, handler: h}
		s.listen(&listener{name: "HTTP", addr: addr, part: p}, opts)
	})
}

// TLS makes an HTTP listener serve over TLS. config must have certificates, as that of
// [Certificates] has. The default is plain HTTP. A nil config, and a listener that is not
// HTTP, are faults: gRPC takes credentials.NewTLS of the same config.
func TLS(config *tls.Config) ListenOption {
	return listenOption(func(s *Server, l *listener) {
		p, ok := l.part.(*httpPart)
		s.check(ok, "%s: TLS is for HTTP", l.name)
		s.check(config != nil, "%s: TLS: the config is nil", l.name)
		if ok {
			p.tls = config
		}
	})
}

// httpPart serves HTTP.
type httpPart struct {
	server  *Server
	handler http.Handler
	tls     *tls.Config
	inner   *http.Server // during Run
	closing atomic.Bool
}

// ServeHTTP serves a request. While the server stops, its response closes the connection,
// so that the client opens another one, to another server: over HTTP/1 by the header, over
// HTTP/2 by GOAWAY, which net/http sends because of it.
func (p *httpPart) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.closing.Load() {
		w.Header().Set("Connection", "close")
	}
	p.handler.ServeHTTP(w, r)
}

// prepare makes the server, so that Drain and Close may come before Serve.
func (p *httpPart) prepare(base context.Context, limits edge.Limits) {
	p.inner = edge.NewHTTPServer(p, limits, p.server.log)
	p.inner.BaseContext = func(net.Listener) context.Context { return base }
}

func (p *httpPart) Serve(l net.Listener) error {
	var err error
	if p.tls != nil {
		p.inner.TLSConfig = p.tls.Clone()
		err = p.inner.ServeTLS(l, "", "")
	} else {
		err = p.inner.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (p *httpPart) Draining()                       { p.closing.Store(true) }
func (p *httpPart) Drain(ctx context.Context) error { return p.inner.Shutdown(ctx) }
func (p *httpPart) Close() error                    { return p.inner.Close() }
