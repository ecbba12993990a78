package httpx_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// closedURL is the URL of a port where nobody listens. No listener of a test that runs
// meanwhile is given a privileged port.
const closedURL = "http://127.0.0.1:1"

// breaking returns the URL of a server that reads a request and breaks off.
func breaking(tb testing.TB) string {
	tb.Helper()
	return listen(tb, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
}

// TestFate has what a client says about whether a request was sent, which
// decides whether it may be repeated.
func TestFate(t *testing.T) {
	t.Parallel()
	unavailable := listen(t, answering(503, `{"code":"UNAVAILABLE"}`, "Content-Type", "application/problem+json"))
	for name, tt := range map[string]struct {
		url       string
		method    string
		opts      []httpx.RouteOption
		notSent   bool
		maybe     bool
		retryable bool
	}{
		"a refused dial of a GET":        {closedURL, "GET", nil, true, false, true},
		"a refused dial of a POST":       {closedURL, "POST", nil, true, false, true},
		"a host without address":         {"http://nowhere.invalid", "POST", nil, true, false, true},
		"a broken GET":                   {breaking(t), "GET", nil, false, false, true},
		"a broken PUT":                   {breaking(t), "PUT", nil, false, false, true},
		"a broken DELETE":                {breaking(t), "DELETE", nil, false, false, true},
		"a broken POST":                  {breaking(t), "POST", nil, false, true, false},
		"a broken PATCH":                 {breaking(t), "PATCH", nil, false, true, false},
		"a broken POST, idempotent":      {breaking(t), "POST", []httpx.RouteOption{httpx.Idempotent()}, false, false, true},
		"an unavailable GET":             {unavailable, "GET", nil, false, false, true},
		"an unavailable POST":            {unavailable, "POST", nil, false, true, false},
		"an unavailable idempotent POST": {unavailable, "POST", []httpx.RouteOption{httpx.Idempotent()}, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := route[endpoint.Empty, endpoint.Empty](tt.method, "/", nil, tt.opts...)
			dial(t, tt.url, c)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "%v", err)
			require.Equal(t, tt.notSent, endpoint.NotSent(err))
			require.Equal(t, tt.maybe, endpoint.MaybeSent(err))
			require.Equal(t, tt.retryable, endpoint.Retryable(err))
		})
	}
}

// TestCallerGaveUp has contexts that end, before the call and during it.
func TestCallerGaveUp(t *testing.T) {
	t.Parallel()
	started := make(chan struct{}, 1)
	url := listen(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		started <- struct{}{}
		<-r.Context().Done()
	}))
	why := errors.New("the page was closed")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	past, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer stop()
	soon := func() context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-started; cancel(why) }()
		return ctx
	}
	for name, tt := range map[string]struct {
		ctx   func() context.Context
		code  endpoint.Code
		is    error
		cause error
	}{
		"canceled before": {func() context.Context { return canceled }, endpoint.Canceled, context.Canceled, why},
		"too late before": {func() context.Context { return past }, endpoint.DeadlineExceeded, context.DeadlineExceeded, nil},
		"canceled during": {soon, endpoint.Canceled, context.Canceled, why},
	} {
		for _, method := range []string{"GET", "POST"} {
			c := route[endpoint.Empty, endpoint.Empty](method, "/", nil)
			dial(t, url, c)
			_, err := c.Do(tt.ctx(), endpoint.Empty{})
			require.Equal(t, tt.code, endpoint.CodeOf(err), "%s: %v", name, err)
			require.ErrorIs(t, err, tt.is, name)
			if tt.cause != nil {
				require.ErrorIs(t, err, tt.cause, name)
			}
			require.False(t, endpoint.Retryable(err), name)
			require.False(t, endpoint.ErrorOf(err).Remote(), name)
		}
	}
}

// TestClientsTimeout has the time-out of the user's own http.Client.
func TestClientsTimeout(t *testing.T) {
	t.Parallel()
	url := listen(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	client := &http.Client{Timeout: time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	c := failing(nil)
	require.NoError(t, httpx.Client(httpx.To(url, httpx.HTTPClient(client)), c))
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
}

// TestRedirects has redirects that keep the call as it is followed, and others
// not.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method string
		status int
		code   endpoint.Code
	}{
		"307 of a POST": {"POST", 307, endpoint.OK},
		"308 of a POST": {"POST", 308, endpoint.OK},
		"308 of a PUT":  {"PUT", 308, endpoint.OK},
		"301 of a GET":  {"GET", 301, endpoint.OK},
		"302 of a GET":  {"GET", 302, endpoint.OK},
		"303 of a GET":  {"GET", 303, endpoint.OK},
		"307 of a GET":  {"GET", 307, endpoint.OK},
		"301 of a POST": {"POST", 301, endpoint.Unknown},
		"302 of a POST": {"POST", 302, endpoint.Unknown},
		"303 of a PUT":  {"PUT", 303, endpoint.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			var seen []string
			mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/there", tt.status)
			})
			mux.HandleFunc("/there", func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				seen = append(seen, r.Method+" "+string(b)+" "+r.Header.Get("Content-Type"))
				_, _ = io.WriteString(w, `{"s":"there"}`)
			})
			url := listen(t, mux)
			if tt.method == "GET" {
				c := route[endpoint.Empty, Text]("GET", "/here", nil)
				dial(t, url, c)
				got, err := c.Do(t.Context(), endpoint.Empty{})
				require.NoError(t, err)
				require.Equal(t, "there", got.S)
				require.Equal(t, []string{"GET  "}, seen)
				return
			}
			c := route[Text, Text](tt.method, "/here", nil)
			dial(t, url, c)
			got, err := c.Do(t.Context(), Text{"x"})
			require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
			if tt.code != endpoint.OK {
				require.True(t, endpoint.ErrorOf(err).Remote())
				require.Empty(t, seen)
				return
			}
			require.Equal(t, "there", got.S)
			require.Equal(t, []string{tt.method + ` {"s":"x"} application/json`}, seen)
		})
	}
	t.Run("for ever", func(t *testing.T) {
		t.Parallel()
		c := route[endpoint.Empty, Text]("GET", "/", nil)
		dial(t, listen(t, http.RedirectHandler("/", http.StatusTemporaryRedirect)), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.ErrorContains(t, err, "10 redirects")
	})
}

// TestRequestOnTheWire has what a client sends, to the letter.
func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		_, _ = io.WriteString(w, "{}")
	}))
	c := route[everywhere, endpoint.Empty]("POST", "/x/{id}", nil)
	dial(t, strings.Replace(url, "http://", "http://ada:secret@", 1), c)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.Do(ctx, everywhere{"a/b", "ü&=", "h", "a b", "m"})
	require.NoError(t, err)
	require.Equal(t, "/x/a%2Fb?q=%C3%BC%26%3D", got.RequestURI)
	require.JSONEq(t, `{"member":"m"}`, body)
	require.EqualValues(t, len(body), got.ContentLength)
	require.Equal(t, []string{"application/json"}, got.Header["Content-Type"])
	require.Equal(t, []string{"application/json, application/problem+json"}, got.Header["Accept"])
	require.Equal(t, []string{"h"}, got.Header["X-H"])
	require.Equal(t, []string{`c="a b"`}, got.Header["Cookie"])
	require.Regexp(t, `^5\d{4}$`, got.Header.Get("Connect-Timeout-Ms"))
	user, password, _ := got.BasicAuth()
	require.Equal(t, "ada secret", user+" "+password)

	// Without a deadline, a body, parameters.
	d := route[everywhereOptional, endpoint.Empty]("GET", "/", nil)
	dial(t, url, d)
	_, err = d.Do(t.Context(), everywhereOptional{})
	require.NoError(t, err)
	require.Equal(t, "/", got.RequestURI)
	for _, k := range []string{"Connect-Timeout-Ms", "Content-Type", "Cookie", "X-H"} {
		require.Empty(t, got.Header.Values(k), k)
	}
	require.Zero(t, got.ContentLength)
}

type everywhereOptional struct {
	Query  string  `query:"q"`
	Flag   bool    `query:"flag"`
	List   []int   `query:"list"`
	Header *string `header:"X-H"`
	Cookie string  `cookie:"c"`
}

// TestUnsendableNumbers has numbers without a form, and a text that is its own.
func TestUnsendableNumbers(t *testing.T) {
	t.Parallel()
	h := mounted(t, accepting[inQuery[[]float64]]("GET", "/"))
	c := route[inQuery[[]float64], endpoint.Empty]("GET", "/", nil)
	within(t, inProcess{h}, c)
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := c.Do(t.Context(), inQuery[[]float64]{[]float64{1, f}})
		require.Equal(t, []string{"query:v: the value cannot be sent"}, faultsOf(err))
	}
	d := route[inQuery[codec.Optional[int]], endpoint.Empty]("GET", "/", nil)
	within(t, inProcess{h}, d)
	var null codec.Optional[int]
	null.SetNull()
	_, err := d.Do(t.Context(), inQuery[codec.Optional[int]]{null})
	require.Equal(t, []string{"query:v: the value cannot be sent"}, faultsOf(err))
	travels(t, "POST", "/{v}", inPath[netip.Addr]{netip.MustParseAddr("2001:db8::1")})
	travels(t, "POST", "/", inHeader[[2]ownText]{[2]ownText{{"fine"}, {""}}})
	travels(t, "POST", "/", inQuery[*ownText]{&ownText{"fine"}}, inQuery[*ownText]{})
}

// TestUnsendable has values that cannot be sent: an error that names the place,
// and nothing is sent.
func TestUnsendable(t *testing.T) {
	t.Parallel()
	url := listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }))
	for name, tt := range map[string]struct {
		in   everywhere
		want string
	}{
		"a path of no UTF-8":       {everywhere{Path: "\xff"}, "path:id: the value cannot be sent"},
		"a path with a zero":       {everywhere{Path: "a\x00"}, "path:id: the value cannot be sent"},
		"a query of no UTF-8":      {everywhere{Path: "p", Query: "\xff"}, "query:q: the value cannot be sent"},
		"a header with a line":     {everywhere{Path: "p", Header: "a\r\nX: b"}, "header:X-H: the value cannot be sent"},
		"a header with a space":    {everywhere{Path: "p", Header: " a"}, "header:X-H: the value cannot be sent"},
		"a header with a space at": {everywhere{Path: "p", Header: "a\t"}, "header:X-H: the value cannot be sent"},
		"a cookie with ;":          {everywhere{Path: "p", Cookie: "a;b"}, "cookie:c: the value cannot be sent"},
		"a cookie with a quote":    {everywhere{Path: "p", Cookie: `a"b`}, "cookie:c: the value cannot be sent"},
		"a cookie with \\":         {everywhere{Path: "p", Cookie: `a\b`}, "cookie:c: the value cannot be sent"},
		"a cookie of no ASCII":     {everywhere{Path: "p", Cookie: "ü"}, "cookie:c: the value cannot be sent"},
		"a member of no UTF-8":     {everywhere{Path: "p", Member: "\xff"}, ""},
	} {
		c := route[everywhere, endpoint.Empty]("POST", "/{id}", nil)
		dial(t, url, c)
		_, err := c.Do(t.Context(), tt.in)
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), "%s: %v", name, err)
		require.False(t, endpoint.ErrorOf(err).Remote(), name)
		if tt.want != "" {
			require.Equal(t, []string{tt.want}, faultsOf(err), name)
		}
	}
}

// TestNilContext: a call with a nil context is an error, of each kind of call.
func TestNilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	conn := httpx.To("http://127.0.0.1:1")
	var c everyKind
	require.NoError(t, httpx.Client(conn, &c))
	for _, e := range []endpoint.Endpoint[endpoint.Empty, endpoint.Empty]{c.Unary, endpoint.Chain(c.Unary, resilience.NewRetry(2).Wrap)} {
		_, err := e(none, endpoint.Empty{})
		requireNilContext(t, err)
	}
	items, err := c.Server(none, endpoint.Empty{})
	require.NoError(t, err)
	_, err = items.Collect()
	requireNilContext(t, err)
	_, err = c.Client(none, endpoint.StreamOf(endpoint.Empty{}))
	requireNilContext(t, err)
	items, err = c.Bidi(none, endpoint.StreamOf(endpoint.Empty{}))
	require.NoError(t, err)
	_, err = items.Collect()
	requireNilContext(t, err)
}

func requireNilContext(t *testing.T, err error) {
	t.Helper()
	require.ErrorContains(t, err, "the context of the call is nil")
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
}

// TestCallBeforeClient: layers around an endpoint that Client has not set are an error
// of the call.
func TestCallBeforeClient(t *testing.T) {
	t.Parallel()
	var c everyKind
	for name, e := range map[string]endpoint.Endpoint[endpoint.Empty, endpoint.Empty]{
		"Retry":   endpoint.Chain(c.Unary, resilience.NewRetry(2).Wrap),
		"Limiter": endpoint.Chain(c.Unary, resilience.NewLimiter(1, 1).Wrap),
	} {
		_, err := e(t.Context(), endpoint.Empty{})
		require.EqualError(t, err, "endpoint: the endpoint is nil; those of a client are set by its Client", name)
		require.Equal(t, "internal error", endpoint.ErrorOf(err).Message(), name)
	}
	items, err := endpoint.Chain(c.Server, resilience.NewRetry(2).Wrap)(t.Context(), endpoint.Empty{})
	if err == nil {
		_, err = items.Collect()
	}
	require.ErrorContains(t, err, "the endpoint is nil")
}

// everyKind is a service with a call of each kind.
type everyKind struct {
	Unary  endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
	Server endpoint.Endpoint[endpoint.Empty, endpoint.Stream[endpoint.Empty]]
	Client endpoint.Endpoint[endpoint.Stream[endpoint.Empty], endpoint.Empty]
	Bidi   endpoint.Endpoint[endpoint.Stream[endpoint.Empty], endpoint.Stream[endpoint.Empty]]
}

func (s *everyKind) HTTP(r *httpx.Routes) {
	r.POST("/unary", &s.Unary)
	r.ServerStream("GET", "/server", &s.Server)
	r.ClientStream("POST", "/client", &s.Client)
	r.Bidi("POST", "/bidi", &s.Bidi)
}
