package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// transports are the names of the listeners of a host that serve calls.
var transports = []string{"HTTP", "gRPC"}

// A setup is how a host serves.
type setup struct {
	layers  []endpoint.Layer      // inside the server's
	formats []codec.Format        // JSON if there are none
	listen  []server.ListenOption // of HTTP
	items   []server.Item
	more    []string // the names of the listeners among items
}

// A host is a server of posts on both transports, which runs until the test ends.
type host struct {
	setup
	addr map[string]string // by listener
	stop func() error
}

// newHost starts a host that serves svc.
func newHost(t *testing.T, svc *posts, with setup) *host {
	t.Helper()
	if with.formats == nil {
		with.formats = []codec.Format{codec.JSON()}
	}
	lines := newAnnouncements()
	s := server.New("posts", quiet(), server.Announce(lines), server.Propagation(0))
	use := append([]endpoint.Layer{s}, with.layers...)
	mux, calls := http.NewServeMux(), grpc.NewServer(grpcx.ServerOptions()...)
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(use...), httpx.Formats(with.formats...)))
	require.NoError(t, grpcx.Register(calls, svc, grpcx.Use(use...), grpcx.Formats(with.formats...)))
	health, err := grpcx.Health(calls)
	require.NoError(t, err)
	s.Add(server.HTTP(free, mux, with.listen...), server.GRPC(free, calls, health), server.Admin(free))
	s.Add(with.items...)
	h := &host{setup: with, addr: map[string]string{}, stop: sync.OnceValue(running(t, s))}
	t.Cleanup(func() { require.NoError(t, h.stop()) })
	for _, name := range append([]string{"HTTP", "gRPC", "admin"}, with.more...) {
		h.addr[name] = lines.addr(t, name)
	}
	return h
}

// client returns a client of the host on a transport.
func (h *host) client(t *testing.T, transport string, layers ...endpoint.Layer) *posts {
	t.Helper()
	c := new(posts)
	if transport == "gRPC" {
		require.NoError(t, grpcx.Client(grpcx.To(dialGRPC(t, h.addr["gRPC"])), c, grpcx.Use(layers...), grpcx.Formats(h.formats...)))
		return c
	}
	to := httpx.To("http://"+h.addr["HTTP"], httpx.HTTPClient(ownHTTPClient(t)))
	require.NoError(t, httpx.Client(to, c, httpx.Use(layers...), httpx.Formats(h.formats...)))
	return c
}

// ownHTTPClient returns a client whose connections end with the test.
func ownHTTPClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func dialGRPC(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// overEach runs a subtest for each transport.
func overEach(t *testing.T, test func(t *testing.T, transport string)) {
	t.Helper()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			test(t, transport)
		})
	}
}

// served returns a service with f for both operations.
func served(f endpoint.Endpoint[int, int]) *posts { return &posts{Post: f, Put: f} }

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

// A reply is a response over HTTP.
type reply struct {
	status            int
	contentType, body string
}

// post calls Post over HTTP as any client does. The header may change the Content-Type from
// that of JSON.
func (h *host) post(t *testing.T, body string, header map[string]string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+h.addr["HTTP"]+"/post", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	got, err := ownHTTPClient(t).Do(r)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return reply{got.StatusCode, got.Header.Get("Content-Type"), string(text)}
}

// rawCodec sends and receives messages as the bytes that they are, under the name of a
// content-subtype, as a gRPC client of any other make would.
type rawCodec string

func (c rawCodec) Name() string                       { return string(c) }
func (c rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (c rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }

// invoke calls Post over gRPC with a message in a format, as any client does.
func (h *host) invoke(t *testing.T, subtype, message string) (reply, error) {
	t.Helper()
	in, out, header := []byte(message), []byte(nil), metadata.MD{}
	err := dialGRPC(t, h.addr["gRPC"]).Invoke(t.Context(), "/posts/Post", &in, &out, grpc.ForceCodec(rawCodec(subtype)), grpc.Header(&header))
	return reply{contentType: strings.Join(header.Get("content-type"), ", "), body: string(out)}, err
}
