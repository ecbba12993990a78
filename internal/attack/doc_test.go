package attack_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Text is a message of the service.
type Text struct {
	S string `json:"s"`
}

// Query is a request of parameters.
type Query struct {
	N []int `query:"n"`
}

// Service is what is attacked.
type Service struct {
	Do    endpoint.Endpoint[Text, Text]
	Find  endpoint.Endpoint[Query, Text]
	Watch endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Text]]
	Sum   endpoint.Endpoint[endpoint.Stream[Text], Text]
}

func (s *Service) HTTP(r *httpx.Routes) {
	r.POST("/do", &s.Do)
	r.GET("/find", &s.Find)
	r.ServerStream("GET", "/watch", &s.Watch)
	r.ClientStream("POST", "/sum", &s.Sum)
}

func (s *Service) GRPC(m *grpcx.Methods) {
	m.Service("attack.Service")
	m.Unary("Do", &s.Do)
	m.Unary("Find", &s.Find)
	m.ServerStream("Watch", &s.Watch)
	m.ClientStream("Sum", &s.Sum)
}

// newService returns a service whose calls take some milliseconds.
func newService() *Service {
	return &Service{
		Do: func(ctx context.Context, t Text) (Text, error) {
			timer := time.NewTimer(5 * time.Millisecond)
			defer timer.Stop()
			select {
			case <-timer.C:
				return t, nil
			case <-ctx.Done():
				return Text{}, ctx.Err()
			}
		},
		Find: func(context.Context, Query) (Text, error) { return Text{"found"}, nil },
		Watch: func(context.Context, endpoint.Empty) (endpoint.Stream[Text], error) {
			large := Text{strings.Repeat("x", 4<<10)}
			return func(yield func(Text, error) bool) {
				for yield(large, nil) {
				}
			}, nil
		},
		Sum: func(_ context.Context, items endpoint.Stream[Text]) (Text, error) {
			all, err := items.Collect()
			return Text{fmt.Sprint(len(all))}, err
		},
	}
}

// target is a server of both transports, with the recommended layers.
type target struct {
	http, grpc string // addresses
	users      []*Service
}

// newTarget starts a server and connects a user over each transport.
func newTarget(t *testing.T) *target {
	t.Helper()
	layers := func() []endpoint.Layer {
		unary := func(op *endpoint.Operation) bool { return op.Streams&endpoint.ServerStream == 0 }
		return resilience.ServerStack(resilience.NewBreaker(5), endpoint.Only(resilience.NewBulkhead(20), unary))
	}
	mux := http.NewServeMux()
	handler := httpx.Problems(mux, httpx.Use(layers()...))
	require.NoError(t, httpx.Mount(mux, newService(), httpx.Use(layers()...)))
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	calls := grpc.NewServer(grpcx.ServerOptions()...)
	require.NoError(t, grpcx.Register(calls, newService(), grpcx.Use(layers()...)))

	tg := &target{}
	for addr, serve := range map[*string]func(l net.Listener) error{&tg.http: server.Serve, &tg.grpc: calls.Serve} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		*addr = l.Addr().String()
		done := make(chan error, 1)
		go func() { done <- serve(l) }()
		t.Cleanup(func() { <-done })
	}
	t.Cleanup(func() { _ = server.Close(); calls.Stop() })

	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	overHTTP, overGRPC := new(Service), new(Service)
	require.NoError(t, httpx.Client(httpx.To("http://"+tg.http, httpx.HTTPClient(&http.Client{Transport: transport})), overHTTP))
	conn, err := grpc.NewClient(tg.grpc, append(grpcx.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, grpcx.Client(grpcx.To(conn), overGRPC))
	tg.users = []*Service{overHTTP, overGRPC}
	return tg
}

// use makes calls of each kind as another user does, all of which must succeed.
func (tg *target) use(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for i := range 10 {
		for _, u := range tg.users {
			want := Text{fmt.Sprint("mine ", i)}
			got, err := u.Do(ctx, want)
			require.NoError(t, err)
			require.Equal(t, want, got)
			_, err = u.Find(ctx, Query{N: []int{1}})
			require.NoError(t, err)
			got, err = u.Sum(ctx, endpoint.StreamOf(want, want))
			require.NoError(t, err)
			require.Equal(t, Text{"2"}, got)
		}
	}
}

// dial returns a connection of a stranger's.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	return c
}

// raw opens n connections to the HTTP server and sends text over each.
func raw(n int, text string) func(t *testing.T, tg *target) func() {
	return func(t *testing.T, tg *target) func() {
		t.Helper()
		conns := make([]net.Conn, n)
		for i := range conns {
			conns[i] = dial(t, tg.http)
			_, _ = io.WriteString(conns[i], text)
		}
		return func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}
	}
}

// streams opens n streams of HTTP/2 with the fields over one connection.
func streams(n int, addr func(tg *target) string, fields ...string) func(t *testing.T, tg *target) func() {
	return func(t *testing.T, tg *target) func() {
		t.Helper()
		c := dial(t, addr(tg))
		_, err := io.WriteString(c, http2.ClientPreface)
		require.NoError(t, err)
		framer := http2.NewFramer(c, nil)
		require.NoError(t, framer.WriteSettings())
		var block strings.Builder
		encoder := hpack.NewEncoder(&block)
		for i := range n {
			block.Reset()
			for j := 0; j < len(fields); j += 2 {
				require.NoError(t, encoder.WriteField(hpack.HeaderField{Name: fields[j], Value: fields[j+1]}))
			}
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: []byte(block.String()), EndHeaders: true})
		}
		go func() { _, _ = io.Copy(io.Discard, c) }()
		return func() { _ = c.Close() }
	}
}

func overHTTP(tg *target) string { return tg.http }
func overGRPC(tg *target) string { return tg.grpc }

const post = "POST /do HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

// attacks are what strangers do, as many as each says.
var attacks = map[string]struct {
	strangers int
	begin     func(t *testing.T, tg *target) (end func())
}{
	"half headers":              {300, raw(300, "POST /do HTTP/1.1\r\nHost: x\r\nX-")},
	"half bodies":               {300, raw(300, post+"Content-Length: 9\r\n\r\n{")},
	"announced bodies":          {300, raw(300, post+"Content-Length: 1000000\r\n\r\n{")},
	"half chunks":               {300, raw(300, post+"Transfer-Encoding: chunked\r\n\r\nfffff\r\n{")},
	"request streams, no items": {300, raw(300, "POST /sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")},
	"refused, no body":          {300, raw(300, "POST /do HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n")},
	"no route, no body":         {300, raw(300, "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")},
	"short deadlines":           {300, raw(300, post+"Connect-Timeout-Ms: 1\r\nContent-Length: 9\r\n\r\n"+`{"s":"a"}`)},
	"bodies that are none":      {300, raw(300, post+"Content-Length: 9\r\n\r\n123456789")},
	"large queries":             {100, raw(100, "GET /find?"+strings.Repeat("n=x&", 15_000)+" HTTP/1.1\r\nHost: x\r\n\r\n")},
	"readers that do not read":  {30, raw(30, "GET /watch HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")},
	"HTTP/2: half bodies":       {200, streams(200, overHTTP, ":method", "POST", ":scheme", "http", ":path", "/do", ":authority", "x", "content-type", "application/json", "content-length", "9")},
	"HTTP/2: refused, no body":  {200, streams(200, overHTTP, ":method", "POST", ":scheme", "http", ":path", "/do", ":authority", "x", "content-type", "text/plain", "content-length", "9")},
	"gRPC: no message":          {900, streams(900, overGRPC, ":method", "POST", ":scheme", "http", ":path", "/attack.Service/Do", ":authority", "x", "content-type", "application/grpc+json", "te", "trailers")},
	"gRPC: no item":             {900, streams(900, overGRPC, ":method", "POST", ":scheme", "http", ":path", "/attack.Service/Sum", ":authority", "x", "content-type", "application/grpc+json", "te", "trailers")},
}

// usage is what the process has in use.
type usage struct {
	memory     int64 // of the heap and of stacks, in bytes
	rss        int64 // in bytes; 0 where it is not known
	goroutines int
}

func used() usage {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{memory: int64(m.HeapAlloc + m.StackInuse), goroutines: runtime.NumGoroutine()}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if _, after, ok := strings.Cut(string(status), "VmRSS:"); ok {
			_, _ = fmt.Sscan(after, &u.rss)
			u.rss <<= 10
		}
	}
	return u
}

// What one stranger may cost, with what it needs itself in this process.
const (
	mostMemory     = 160 << 10
	mostGoroutines = 5
)

// TestAttacks has strangers attack while another user makes calls over both
// transports, all of which succeed. It prints what each stranger costs.
func TestAttacks(t *testing.T) { // not parallel: it measures
	for name, a := range attacks {
		t.Run(name, func(t *testing.T) {
			tg := newTarget(t)
			tg.use(t)
			before := used()
			end := a.begin(t, tg)
			tg.use(t)
			during := used()
			tg.use(t)
			end()
			n := int64(a.strangers)
			memory, goroutines := (during.memory-before.memory)/n, float64(during.goroutines-before.goroutines)/float64(n)
			t.Logf("%d strangers: %.1f KB and %.1f goroutines each, %d MB of RSS more", n, float64(memory)/1e3, goroutines, (during.rss-before.rss)>>20)
			require.LessOrEqual(t, memory, int64(mostMemory), "bytes of memory for each stranger")
			require.LessOrEqual(t, goroutines, float64(mostGoroutines), "goroutines for each stranger")
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before.goroutines+10 }, 30*time.Second, 10*time.Millisecond,
				"goroutines are left when the strangers are gone")
		})
	}
}

// TestHostileServer has a client of default settings call servers that answer with
// as much as they can. Each call fails within its deadline, and takes little memory.
func TestHostileServer(t *testing.T) { // not parallel: it measures
	many := func(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	for name, body := range map[string]string{
		"metadata":   `{"code":"INTERNAL","meta":{` + many(`"a":"b"`, 100_000) + `}}`,
		"links":      `{"code":"INTERNAL","help":[` + many(`{}`, 300_000) + `]}`,
		"violations": `{"code":"INTERNAL","errors":[` + many(`{"pointer":"/a"}`, 60_000) + `]}`,
		"a text":     `{"code":"INTERNAL","detail":"` + strings.Repeat("x", 10<<20) + `"}`,
		"depth":      `{"code":"INTERNAL","meta":` + strings.Repeat(`[`, 1<<20),
		"no problem": strings.Repeat("<", 10<<20),
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, body)
			})}
			done := make(chan error, 1)
			go func() { done <- server.Serve(l) }()
			transport := &http.Transport{}
			t.Cleanup(func() { transport.CloseIdleConnections(); _ = server.Close(); <-done })
			c := new(Service)
			require.NoError(t, httpx.Client(httpx.To("http://"+l.Addr().String(), httpx.HTTPClient(&http.Client{Transport: transport})), c))
			before := allocated()
			for range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				_, err = c.Do(ctx, Text{})
				require.NoError(t, ctx.Err(), "the call took longer than its deadline")
				cancel()
				require.Error(t, err)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.Less(t, len(err.Error()), 16<<10)
			}
			took := (allocated() - before) / 10
			t.Logf("%d KB for a call", took>>10)
			require.Less(t, took, int64(2<<20), "bytes allocated for a call")
		})
	}
}

// allocated returns how many bytes were ever allocated.
func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}
