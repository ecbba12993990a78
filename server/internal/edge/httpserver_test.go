package edge_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server/internal/edge"
	"golang.org/x/net/http2"
)

// TestNewHTTPServer has the limits of a program reach the server of net/http.
func TestNewHTTPServer(t *testing.T) {
	t.Parallel()
	s := edge.NewHTTPServer(nil, edge.Limits{
		HeaderTime: 1 * time.Second, IdleTime: 2 * time.Second, HeaderBytes: 3, Streams: 4, Progress: 5 * time.Second,
	}, slog.New(slog.DiscardHandler))
	require.Equal(t, time.Second, s.ReadHeaderTimeout)
	require.Equal(t, 2*time.Second, s.IdleTimeout)
	require.Equal(t, 3, s.MaxHeaderBytes)
	require.Equal(t, 4, s.HTTP2.MaxConcurrentStreams)
	require.Equal(t, 5*time.Second, s.HTTP2.WriteByteTimeout)
	require.Zero(t, s.ReadTimeout)
	require.Zero(t, s.WriteTimeout)
}

// Item is a message of the service.
type Item struct {
	S string `json:"s"`
}

// Service has a route of each kind.
type Service struct {
	Do    endpoint.Endpoint[Item, Item]
	Watch endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Item]]
	Sum   endpoint.Endpoint[endpoint.Stream[Item], Item]
}

func (s *Service) HTTP(r *httpx.Routes) {
	r.POST("/do", &s.Do)
	r.ServerStream("GET", "/watch", &s.Watch)
	r.ClientStream("POST", "/sum", &s.Sum)
}

// mounted returns a handler of the service, whose answers have so many bytes.
func mounted(t *testing.T, size int) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	large := Item{strings.Repeat("x", size)}
	require.NoError(t, httpx.Mount(mux, &Service{
		Do: func(context.Context, Item) (Item, error) { return large, nil },
		Watch: func(context.Context, endpoint.Empty) (endpoint.Stream[Item], error) {
			return func(yield func(Item, error) bool) {
				for range 3 {
					if !yield(large, nil) {
						return
					}
					pause(time.Hour)
				}
			}, nil
		},
		Sum: func(_ context.Context, items endpoint.Stream[Item]) (Item, error) {
			_, err := items.Collect()
			return large, err
		},
	}))
	return mux
}

// TestRoutesOfHTTPX has routes whose own times hold: of a body, of a request stream that
// lasts as long as it lasts, of the reader of a response stream.
func TestRoutesOfHTTPX(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		synctest.Test(t, func(t *testing.T) {
			l, stop := bubble(t, mounted(t, 100).ServeHTTP)
			transport := client(l.Dial, http2)
			c := new(Service)
			require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: transport})), c))

			got, err := c.Sum(t.Context(), func(yield func(Item, error) bool) {
				for range 3 {
					pause(time.Hour)
					if !yield(Item{"x"}, nil) {
						return
					}
				}
			})
			require.NoError(t, err)
			require.Len(t, got.S, 100)

			n := 0
			items, err := c.Watch(t.Context(), endpoint.Empty{})
			require.NoError(t, err)
			for _, err := range items {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, 3, n)

			start := time.Now()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/do", &slow{n: 60, piece: []byte(" "), every: time.Second})
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			resp, err := transport.RoundTrip(r)
			require.NoError(t, err)
			require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
			require.Equal(t, httpx.DefaultBodyTimeout, time.Since(start))
			require.NoError(t, resp.Body.Close())
			pause(time.Minute)
			transport.CloseIdleConnections()
			stop()
		})
	})
}

// TestReadersOfHTTPX has clients that do not read the answer of a route of httpx.
func TestReadersOfHTTPX(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"POST /do", "GET /watch", "POST /sum"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(path, " ")
			content := map[string]string{"/do": "application/json", "/sum": "application/x-ndjson"}[path]
			protocols(t, func(t *testing.T, overHTTP2 bool) {
				synctest.Test(t, func(t *testing.T) {
					l, stop := bubble(t, mounted(t, 1<<20).ServeHTTP)
					conn, err := l.Dial(t.Context(), "tcp", "x:80")
					require.NoError(t, err)
					start := time.Now()
					if overHTTP2 {
						f := newFrames(t, conn, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
						sent := make(chan error, 1)
						go func() {
							sent <- f.do(func() error {
								block := f.headers(":method", method, ":scheme", "http", ":path", path, ":authority", "x", "content-type", content)
								err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: method == "GET", BlockFragment: block})
								if method != "GET" && err == nil {
									err = f.WriteData(1, true, []byte("{}\n"))
								}
								return err
							})
						}()
						require.Equal(t, "RST_STREAM", f.end())
						require.NoError(t, <-sent)
					} else {
						length := map[string]string{"POST": "Content-Length: 3\r\n"}[method]
						body := map[string]string{"POST": "{}\n"}[method]
						_, err = io.WriteString(conn, method+" "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: "+content+"\r\n"+length+"\r\n"+body)
						require.NoError(t, err)
						pause(29 * time.Second)
						one := make([]byte, 1)
						_, err = conn.Read(one)
						require.NoError(t, err) // it is still there
						pause(2 * time.Second)
						got, err := io.ReadAll(conn)
						require.NoError(t, err)
						require.Less(t, len(got), 1<<20)
					}
					require.InDelta(t, 30*time.Second, time.Since(start), float64(time.Second))
					require.NoError(t, conn.Close())
					stop()
				})
			})
		})
	}
}

// TestPlaceOverTLS has connections with TLS, over which both protocols are found.
func TestPlaceOverTLS(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		inner, err := edge.Listen(t.Context(), "127.0.0.1:0")
		require.NoError(t, err)
		l := edge.Bound(inner, few(1, 1), slog.New(slog.DiscardHandler))
		s := edge.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }), few(1, 1), slog.New(slog.DiscardHandler))
		s.TLSConfig = selfSigned(t)
		ended := make(chan error, 1)
		go func() { ended <- s.ServeTLS(l, "", "") }()
		var clients []*http.Transport
		for range 3 { // each takes the place of the one before
			c := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { //nolint:gosec // a certificate of the test's
				return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
			}}
			clients = append(clients, c)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x/", nil)
			require.NoError(t, err)
			resp, err := c.RoundTrip(r)
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2], string(got))
			require.NoError(t, resp.Body.Close())
		}
		require.Equal(t, uint64(2), l.Stats().Displaced)
		for _, c := range clients {
			c.CloseIdleConnections()
		}
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
}
