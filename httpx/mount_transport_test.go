package httpx_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/httpx"
)

// zoo describes the endpoints of the conformance table to HTTP.
type zoo struct {
	*transporttest.Zoo

	limit int
}

func (z *zoo) HTTP(r *httpx.Routes) {
	r = r.Under("/zoo", httpx.Fails(transporttest.Fails()...), httpx.MaxBody(int64(z.limit)))
	r.POST("/unary", &z.Unary)
	r.PUT("/idempotent", &z.Idempotent)
	r.POST("/empty", &z.Empty)
	r.ServerStream("POST", "/server-stream", &z.ServerStream)
	r.ClientStream("POST", "/client-stream", &z.ClientStream)
	r.Bidi("POST", "/bidi", &z.Bidi)
}

// quiet is the log of a server whose cases panic.
var quiet = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)

// serveZoo returns what serves and connects zoos over a version of HTTP.
func serveZoo(version *http.Protocols) func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	return func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
		mux := http.NewServeMux()
		if err := httpx.Mount(mux, &zoo{z, e.MaxMessage}, httpx.Use(e.Layers...), httpx.ErrorHook(e.Hook)); err != nil {
			return nil, err
		}
		l := endpointtest.NewListener()
		s := &http.Server{Handler: mux, Protocols: version, ErrorLog: quiet} //nolint:gosec // what httpx bounds by itself is enough
		e.Cleanup(func() { s.Close() })
		go s.Serve(l)
		return func(z *transporttest.Zoo, e transporttest.End) error {
			t := &http.Transport{DialContext: l.Dial, Protocols: version}
			e.Cleanup(t.CloseIdleConnections)
			conn := httpx.To("http://zoo.example", httpx.HTTPClient(&http.Client{Transport: t}))
			return httpx.Client(e.Counted(conn), &zoo{z, e.MaxMessage}, httpx.Use(e.Layers...))
		}, nil
	}
}

// TestTransport runs the conformance table over both versions of HTTP.
func TestTransport(t *testing.T) {
	t.Parallel()
	one, two := new(http.Protocols), new(http.Protocols)
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	transporttest.Run(t, transporttest.Transport{
		Name: "HTTP 1", Serve: serveZoo(one),
		Limits: map[transporttest.Case]string{
			transporttest.BidiStreams:        "HTTP/1 has no streams on both sides",
			transporttest.UnreadCancellation: "net/http sees that a client left when it reads from its connection",
		},
	})
	transporttest.Run(t, transporttest.Transport{Name: "HTTP 2", Serve: serveZoo(two)})
}

// TestMalformedRequest sends bytes that are not a message, which a client of the
// table cannot do.
func TestMalformedRequest(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[transporttest.Message]("POST", "/unary"))
	p := ask(t, h, "POST", "/unary", "{\xff").problem(t)
	require.Equal(t, 400, p.Status)
	require.Equal(t, []string{"INVALID_ARGUMENT", "endpoint", "INVALID_REQUEST"}, []string{p.Code, p.Domain, p.Reason})
}
