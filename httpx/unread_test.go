package httpx_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// refusing is a service whose routes refuse requests before they read a body.
type refusing struct {
	Do     endpoint.Endpoint[Text, Text]
	Get    endpoint.Endpoint[endpoint.Empty, Text]
	Down   endpoint.Endpoint[Text, endpoint.Stream[tick]]
	Events endpoint.Endpoint[endpoint.Empty, endpoint.Stream[tick]]
	Up     endpoint.Endpoint[endpoint.Stream[count1], count1]
}

func (s *refusing) HTTP(r *httpx.Routes) {
	r.POST("/do", &s.Do)
	r.GET("/get", &s.Get)
	r.ServerStream("POST", "/down", &s.Down)
	r.ServerStream("GET", "/events", &s.Events)
	r.ClientStream("POST", "/up", &s.Up)
}

var errBusy = endpoint.Define(endpoint.ResourceExhausted, "test", "FULL", "too many calls")

// refuser returns a handler of the service. A layer refuses what has a header
// Refuse, and breaks off what has a header Abort.
func refuser(t *testing.T) http.Handler {
	t.Helper()
	refuse := &layer{enter: func(ctx context.Context) (context.Context, error) {
		h := endpoint.CallFrom(ctx).Header()
		switch {
		case h.Get("Refuse") != "":
			return ctx, errBusy
		case h.Get("Abort") != "":
			panic(http.ErrAbortHandler)
		}
		return ctx, nil
	}}
	return mounted(t, &refusing{
		Do:  func(_ context.Context, v Text) (Text, error) { return v, nil },
		Get: func(context.Context, endpoint.Empty) (Text, error) { return Text{"got"}, nil },
		Down: func(context.Context, Text) (endpoint.Stream[tick], error) {
			return endpoint.StreamOf(tick{1}), nil
		},
		Events: func(context.Context, endpoint.Empty) (endpoint.Stream[tick], error) {
			return endpoint.StreamOf(tick{1}), nil
		},
		Up: func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
			for n, err := range s {
				return n, err // and no more of it
			}
			return count1{}, nil
		},
	}, httpx.Use(refuse))
}

// listenWith serves h over a socket by a server that set has changed, and returns
// its address.
func listenWith(t *testing.T, h http.Handler, set func(s *http.Server)) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if set != nil {
		set(s.Config)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// open sends text over a connection of its own, which lasts five seconds.
func open(t *testing.T, addr, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	return conn, bufio.NewReader(conn)
}

// answerOf reads one answer and returns its status and whether the connection
// closes after it.
func answerOf(t *testing.T, in *bufio.Reader) (status int, closes bool) {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode, resp.Close
}

// hidden is a response writer that gives no access to the one that it wraps.
type hidden struct{ http.ResponseWriter }

// servers are ways to serve h, each with other time-outs, or with writers
// without deadlines.
var servers = map[string]struct {
	around func(h http.Handler) http.Handler
	set    func(s *http.Server)
}{
	"no time-outs":      {},
	"ReadTimeout":       {set: func(s *http.Server) { s.ReadTimeout = time.Hour }},
	"ReadHeaderTimeout": {set: func(s *http.Server) { s.ReadHeaderTimeout = time.Hour }},
	"WriteTimeout":      {set: func(s *http.Server) { s.WriteTimeout = time.Hour }},
	"all time-outs": {set: func(s *http.Server) {
		s.ReadTimeout, s.ReadHeaderTimeout, s.WriteTimeout, s.IdleTimeout = time.Hour, time.Hour, time.Hour, time.Hour
	}},
	"TimeoutHandler": {around: func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Hour, "slow") }},
	"no Unwrap": {around: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(hidden{w}, r) })
	}},
}

// onServers runs a test against h, served in each of the ways.
func onServers(t *testing.T, h http.Handler, test func(t *testing.T, name, addr string)) {
	t.Helper()
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			around := h
			if s.around != nil {
				around = s.around(h)
			}
			test(t, name, listenWith(t, around, s.set))
		})
	}
}

// TestRefusedBody holds that what is answered without its body is answered at
// once, and that the connection of a body that does not come closes, whatever
// the time-outs of the server.
func TestRefusedBody(t *testing.T) {
	t.Parallel()
	const length, chunked, waits = "Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 100\r\n\r\n"
	tests := map[string]struct {
		request string
		status  int
	}{
		"a type":                   {"POST /do HTTP/1.1\r\nContent-Type: text/csv\r\n", 415},
		"an Accept":                {"POST /do HTTP/1.1\r\nAccept: image/png\r\n", 406},
		"a deadline":               {"POST /do HTTP/1.1\r\nConnect-Timeout-Ms: x\r\n", 400},
		"a layer":                  {"POST /do HTTP/1.1\r\nRefuse: 1\r\n", 429},
		"a body that is not read":  {"GET /get HTTP/1.1\r\n", 200},
		"a body of HEAD":           {"HEAD /get HTTP/1.1\r\n", 200},
		"response stream, a type":  {"POST /down HTTP/1.1\r\nContent-Type: text/csv\r\n", 415},
		"response stream, a layer": {"POST /down HTTP/1.1\r\nRefuse: 1\r\n", 429},
		"response stream, served":  {"GET /events HTTP/1.1\r\n", 200},
		"request stream, a type":   {"POST /up HTTP/1.1\r\nContent-Type: text/csv\r\n", 415},
		"request stream, a layer":  {"POST /up HTTP/1.1\r\nContent-Type: application/x-ndjson\r\nRefuse: 1\r\n", 429},
	}
	onServers(t, refuser(t), func(t *testing.T, name, addr string) {
		hides := name == "TimeoutHandler" || name == "no Unwrap"
		for what, tt := range tests {
			if hides && what == "response stream, served" {
				tt.status = 500 // see TestStreamBehindWriter
			}
			for _, body := range []string{length, chunked, waits} {
				if hides && body == waits {
					continue // the answer is the same, but net/http waits for the body after it
				}
				t.Run(what, func(t *testing.T) {
					t.Parallel()
					_, in := open(t, addr, tt.request+"Host: x\r\n"+body)
					if strings.HasPrefix(tt.request, "HEAD") {
						status, err := in.ReadString('\n')
						require.NoError(t, err)
						require.Contains(t, status, "200 OK")
					} else {
						status, closes := answerOf(t, in)
						require.Equal(t, tt.status, status)
						require.True(t, closes, "the connection is said to stay open")
					}
					_, err := io.ReadAll(in)
					require.NoError(t, err, "the connection is still open")
				})
			}
		}
	})
}

// TestAbortedBody holds that a handler which breaks off ends the connection even
// if the body does not come.
func TestAbortedBody(t *testing.T) {
	t.Parallel()
	addr := listenWith(t, refuser(t), nil)
	for _, path := range []string{"/do", "/down", "/up"} {
		_, in := open(t, addr, "POST "+path+" HTTP/1.1\r\nHost: x\r\nAbort: 1\r\nContent-Length: 100\r\n\r\n")
		answer, err := io.ReadAll(in)
		require.NoError(t, err, "%s: the connection is still open", path)
		require.Empty(t, answer)
	}
}

// TestRefusedBodyThatCame holds that a connection stays after a body that was
// read to its end, and after one that was refused and had arrived.
func TestRefusedBodyThatCame(t *testing.T) {
	t.Parallel()
	addr := listenWith(t, refuser(t), nil)
	small, large := `{"s":"x"}`, text(100<<10)
	conn, in := open(t, addr, "")
	for _, tt := range []struct {
		request, body string
		status        int
	}{
		{"POST /do", small, 200},
		{"POST /do", large, 200},
		{"POST /do HTTP/1.1\r\nRefuse: 1", small, 429},
		{"POST /do HTTP/1.1\r\nContent-Type: text/csv", small, 415},
		{"POST /down HTTP/1.1\r\nRefuse: 1", small, 429},
		{"GET /get", small, 200},
		{"GET /get", "", 200},
		{"POST /down", small, 200},
		{"POST /up HTTP/1.1\r\nContent-Type: application/x-ndjson", "", 200},
		{"POST /do", small, 200}, // on the same connection, after all of them
	} {
		head := tt.request
		if !strings.Contains(head, "HTTP/1.1") {
			head += " HTTP/1.1"
		}
		_, err := io.WriteString(conn, head+"\r\nHost: x\r\nContent-Length: "+strconv.Itoa(len(tt.body))+"\r\n\r\n"+tt.body)
		require.NoError(t, err)
		status, closes := answerOf(t, in)
		require.Equal(t, tt.status, status, tt.request)
		require.False(t, closes, tt.request)
	}
}

// TestReplacedBody has, in a bubble, a middleware read the body and replace it:
// net/http watches the connection by then, and a refusal must not look to it like a
// client that left.
func TestReplacedBody(t *testing.T) {
	t.Parallel()
	h := refuser(t)
	replacing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		h.ServeHTTP(w, r)
		time.Sleep(time.Second) // in the bubble
		if err := r.Context().Err(); err != nil {
			t.Error(err)
		}
	})
	inBubbleOf(t, &http.Server{Handler: replacing}, func(t *testing.T, l *endpointtest.Listener) { //nolint:gosec // nothing is sent slowly
		conn, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		in := bufio.NewReader(conn)
		for _, tt := range []struct {
			head string
			want int
		}{{"Refuse: 1", 429}, {"X: 1", 200}, {"Refuse: 1", 429}, {"X: 1", 200}} {
			_, err := io.WriteString(conn, "POST /do HTTP/1.1\r\nHost: x\r\n"+tt.head+"\r\nContent-Length: 9\r\n\r\n"+`{"s":"x"}`)
			require.NoError(t, err)
			status, closes := answerOf(t, in)
			require.Equal(t, tt.want, status)
			require.False(t, closes)
		}
		require.NoError(t, conn.Close())
	})
}

// TestRefusedBodyOverHTTP2 holds that no refusal costs a connection that other
// calls share.
func TestRefusedBodyOverHTTP2(t *testing.T) {
	t.Parallel()
	slow := route("POST", "/slow", func(_ context.Context, v Text) (Text, error) { return v, nil }, httpx.BodyTimeout(10*time.Millisecond))
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, slow))
	mux.Handle("/", refuser(t))
	opened := make(chan net.Conn, 100)
	addr := listenWith(t, mux, func(s *http.Server) {
		s.Protocols = new(http.Protocols)
		s.Protocols.SetUnencryptedHTTP2(true)
		s.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened <- c
			}
		}
	})
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	for range 3 {
		for _, tt := range []struct {
			path, header string
			length       int64
			status       int
		}{
			{"/do", "Accept", 100, 406},
			{"/do", "Connect-Timeout-Ms", 100, 400},
			{"/do", "Refuse", -1, 429},
			{"/do", "X", 2 << 20, 413},
			{"/slow", "X", 100, 408},
			{"/up", "Refuse", -1, 429},
		} {
			body, w := io.Pipe() // of which nothing comes
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+tt.path, body)
			require.NoError(t, err)
			r.ContentLength = tt.length
			r.Header.Set(tt.header, "image/png")
			resp, err := transport.RoundTrip(r)
			require.NoError(t, err)
			require.Equal(t, tt.status, resp.StatusCode, tt.header)
			require.NoError(t, resp.Body.Close())
			require.NoError(t, w.Close())
		}
	}
	require.Len(t, opened, 1, "connections")
}

// TestBodyWithoutDeadlines holds that a body is bounded where the response writer
// gives no access to its deadlines.
func TestBodyWithoutDeadlines(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[Text]("POST", "/", httpx.BodyTimeout(20*time.Millisecond)))
	for _, name := range []string{"TimeoutHandler", "no Unwrap"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := listenWith(t, servers[name].around(h), nil)
			for what, body := range map[string]string{
				"a length": "Content-Length: 100\r\n\r\n{", "chunks": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
				"compressed": "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b",
			} {
				_, in := open(t, addr, "POST / HTTP/1.1\r\nHost: x\r\n"+body)
				status, closes := answerOf(t, in)
				require.Equal(t, http.StatusRequestTimeout, status, what)
				require.True(t, closes, what)
			}
			conn, in := open(t, addr, "")
			for range 3 { // over one connection
				_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"+`{"s":"x"}`)
				require.NoError(t, err)
				status, closes := answerOf(t, in)
				require.Equal(t, http.StatusOK, status)
				require.False(t, closes)
			}
			require.Equal(t, http.StatusRequestEntityTooLarge, fetch(t, "POST", "http://"+addr, text(2<<20)).status)
		})
	}
}

// TestBodyBehindTimeoutHandler has net/http end the reading of a body that has not
// come, often because it races with ours.
func TestBodyBehindTimeoutHandler(t *testing.T) {
	h := mounted(t, echo[Text]("POST", "/", httpx.BodyTimeout(time.Millisecond)))
	addr := listenWith(t, servers["TimeoutHandler"].around(h), nil)
	for range 200 {
		_, in := open(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		status, _ := answerOf(t, in)
		require.Equal(t, http.StatusRequestTimeout, status)
		_, err := in.ReadByte()
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection stays open")
	}

	h = mounted(t, echo[Text]("POST", "/", httpx.BodyTimeout(time.Hour)))
	addr = listenWith(t, http.TimeoutHandler(h, 20*time.Millisecond, "slow"), nil)
	_, in := open(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	status, closes := answerOf(t, in)
	require.Equal(t, http.StatusServiceUnavailable, status, "the TimeoutHandler's own answer")
	require.True(t, closes)
}

// TestBodyTimes holds, in a bubble, that the smaller one of BodyTimeout and the
// server's ReadTimeout bounds a body, and that its answer goes out even after the
// server's WriteTimeout.
func TestBodyTimes(t *testing.T) {
	t.Parallel()
	const long = 24 * time.Hour
	tests := map[string]struct {
		set    func(s *http.Server)
		opts   []httpx.RouteOption
		around func(h http.Handler) http.Handler
		want   time.Duration
	}{
		"the default":            {want: 10 * time.Second},
		"the server's":           {set: func(s *http.Server) { s.ReadTimeout = time.Second }, want: time.Second},
		"the route's":            {set: func(s *http.Server) { s.ReadTimeout = long }, want: 10 * time.Second},
		"the server's, longer":   {func(s *http.Server) { s.ReadTimeout = time.Minute }, []httpx.RouteOption{httpx.BodyTimeout(time.Hour)}, nil, time.Minute},
		"the server's alone":     {func(s *http.Server) { s.ReadTimeout = time.Hour }, []httpx.RouteOption{httpx.BodyTimeout(0)}, nil, time.Hour},
		"a negative ReadTimeout": {set: func(s *http.Server) { s.ReadTimeout = -1 }, want: 10 * time.Second},
		"after WriteTimeout":     {set: func(s *http.Server) { s.WriteTimeout = time.Second }, want: 10 * time.Second},
		"without deadlines":      {around: servers["no Unwrap"].around, want: 10 * time.Second},
		"the server's, without deadlines": {
			set: func(s *http.Server) { s.ReadTimeout = time.Second }, around: servers["no Unwrap"].around, want: time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := mounted(t, echo[map[string]string]("POST", "/", tt.opts...))
			if tt.around != nil {
				h = tt.around(h)
			}
			s := &http.Server{Handler: h} //nolint:gosec // the test is about its time-outs
			if tt.set != nil {
				tt.set(s)
			}
			inBubbleOf(t, s, func(t *testing.T, l *endpointtest.Listener) {
				start := time.Now()
				resp := drip(t, l, 100, 2*long)
				require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
				require.Equal(t, tt.want, time.Since(start))
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

// inBubbleOf runs a test in a bubble of fake time, with s serving in memory.
func inBubbleOf(t *testing.T, s *http.Server, test func(t *testing.T, l *endpointtest.Listener)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := endpointtest.NewListener()
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		test(t, l)
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		time.Sleep(72 * time.Hour) // in the bubble: connections linger as they close
	})
}
