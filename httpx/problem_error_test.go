package httpx_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/race"
)

// TestErrorTravels has all parts of an error come back at the client, over a
// socket and on either router.
func TestErrorTravels(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		sent := errOne.With("the shop is gone: %w", errors.New("internal")).
			WithViolations(endpoint.Violation{Pointer: "/items/0/qty", Detail: "out of range"}, endpoint.Violation{Parameter: "query:limit", Detail: "not a number"}).
			WithRetryAfter(1200*time.Millisecond).
			WithHelp(endpoint.Link{Description: "Opening hours", URL: "https://example.com/hours"}).
			WithMeta("k", "v").WithMeta("a", "b")
		svc := failing(fmt.Errorf("wrapped: %w", sent), httpx.Fails(errOne))
		require.NoError(t, httpx.Mount(r, svc))
		url := listen(t, r)

		c := failing(nil, httpx.Fails(errOne))
		dial(t, url, c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, errOne)
		e := endpoint.ErrorOf(err)
		require.True(t, e.Remote())
		require.Equal(t, endpoint.NotFound, e.Code())
		require.Equal(t, "the shop is gone", e.Message())
		require.EqualError(t, err, "the shop is gone")
		require.Equal(t, sent.Violations(), e.Violations())
		require.Equal(t, sent.RetryAfter(), e.RetryAfter())
		require.Equal(t, sent.Help(), e.Help())
		require.Equal(t, sent.Meta(), e.Meta())

		a := fetch(t, "POST", url+"/", "")
		require.Equal(t, http.StatusNotFound, a.status)
		require.Equal(t, "2", a.header.Get("Retry-After"), "whole seconds, rounded up")
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		require.JSONEq(t, `{"type":"about:blank","title":"Not Found","status":404,"detail":"the shop is gone",
			"code":"NOT_FOUND","domain":"shop","reason":"GONE",
			"errors":[{"pointer":"/items/0/qty","detail":"out of range"},{"parameter":"query:limit","detail":"not a number"}],
			"retryAfter":"1.2s","help":[{"description":"Opening hours","url":"https://example.com/hours"}],"meta":{"k":"v","a":"b"}}`, a.body)
		require.Equal(t, fmt.Sprint(len(a.body)), a.header.Get("Content-Length"))
	})
}

// TestRetryAfterOfProblem has the time in the form of protobuf's JSON, to the
// nanosecond, and the client read it back.
func TestRetryAfterOfProblem(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{
		0:                        "",
		1:                        "0.000000001s",
		10:                       "0.00000001s",
		time.Millisecond:         "0.001s",
		100 * time.Millisecond:   "0.1s",
		1200 * time.Millisecond:  "1.2s",
		4972 * time.Millisecond:  "4.972s",
		time.Second - 1:          "0.999999999s",
		time.Second:              "1s",
		10*time.Second + 1:       "10.000000001s",
		time.Hour:                "3600s",
		24*time.Hour + 20:        "86400.00000002s",
		time.Duration(1<<63 - 1): "9223372036.854775807s",
	} {
		svc := failing(errOne.WithRetryAfter(after), httpx.Fails(errOne))
		h := mounted(t, svc)
		require.Equal(t, want, ask(t, h, "POST", "/", "").problem(t).RetryAfter, after)
		c := failing(nil, httpx.Fails(errOne))
		dial(t, listen(t, h), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Equal(t, after, endpoint.ErrorOf(err).RetryAfter(), want)
	}
}

// TestEmptyMembers has nothing in a problem that the error does not have.
func TestEmptyMembers(t *testing.T) {
	t.Parallel()
	a := ask(t, mounted(t, failing(endpoint.Errorf(endpoint.Aborted, "conflict"))), "POST", "/", "")
	require.JSONEq(t, `{"type":"about:blank","title":"Conflict","status":409,"detail":"conflict","code":"ABORTED"}`, a.body)
	require.Empty(t, a.header.Get("Retry-After"))
}

// TestStatuses has each code go out with its status, and come back.
func TestStatuses(t *testing.T) {
	t.Parallel()
	toolkit := func(code endpoint.Code, reason string) *endpoint.Error {
		return endpoint.Define(code, "endpoint", reason, "as it is")
	}
	for name, tt := range map[string]struct {
		err    error
		status int
		title  string
		code   endpoint.Code
	}{
		"Canceled":           {endpoint.Errorf(endpoint.Canceled, "x"), 499, "Client Closed Request", endpoint.Canceled},
		"Unknown":            {endpoint.Errorf(endpoint.Unknown, "x"), 500, "Internal Server Error", endpoint.Unknown},
		"InvalidArgument":    {endpoint.Errorf(endpoint.InvalidArgument, "x"), 400, "Bad Request", endpoint.InvalidArgument},
		"DeadlineExceeded":   {endpoint.Errorf(endpoint.DeadlineExceeded, "x"), 504, "Gateway Timeout", endpoint.DeadlineExceeded},
		"NotFound":           {endpoint.Errorf(endpoint.NotFound, "x"), 404, "Not Found", endpoint.NotFound},
		"AlreadyExists":      {endpoint.Errorf(endpoint.AlreadyExists, "x"), 409, "Conflict", endpoint.AlreadyExists},
		"PermissionDenied":   {endpoint.Errorf(endpoint.PermissionDenied, "x"), 403, "Forbidden", endpoint.PermissionDenied},
		"ResourceExhausted":  {endpoint.Errorf(endpoint.ResourceExhausted, "x"), 429, "Too Many Requests", endpoint.ResourceExhausted},
		"FailedPrecondition": {endpoint.Errorf(endpoint.FailedPrecondition, "x"), 400, "Bad Request", endpoint.FailedPrecondition},
		"Aborted":            {endpoint.Errorf(endpoint.Aborted, "x"), 409, "Conflict", endpoint.Aborted},
		"OutOfRange":         {endpoint.Errorf(endpoint.OutOfRange, "x"), 400, "Bad Request", endpoint.OutOfRange},
		"Unimplemented":      {endpoint.Errorf(endpoint.Unimplemented, "x"), 501, "Not Implemented", endpoint.Unimplemented},
		"Internal":           {endpoint.Errorf(endpoint.Internal, "x"), 500, "Internal Server Error", endpoint.Internal},
		"Unavailable":        {endpoint.Errorf(endpoint.Unavailable, "x"), 503, "Service Unavailable", endpoint.Unavailable},
		"DataLoss":           {endpoint.Errorf(endpoint.DataLoss, "x"), 500, "Internal Server Error", endpoint.DataLoss},
		"Unauthenticated":    {endpoint.Errorf(endpoint.Unauthenticated, "x"), 401, "Unauthorized", endpoint.Unauthenticated},

		"BODY_TOO_LARGE":         {toolkit(endpoint.ResourceExhausted, "BODY_TOO_LARGE"), 413, "Request Entity Too Large", endpoint.ResourceExhausted},
		"UNSUPPORTED_MEDIA_TYPE": {toolkit(endpoint.InvalidArgument, "UNSUPPORTED_MEDIA_TYPE"), 415, "Unsupported Media Type", endpoint.InvalidArgument},
		"NOT_ACCEPTABLE":         {toolkit(endpoint.InvalidArgument, "NOT_ACCEPTABLE"), 406, "Not Acceptable", endpoint.InvalidArgument},
		"BODY_TIMEOUT":           {toolkit(endpoint.DeadlineExceeded, "BODY_TIMEOUT"), 408, "Request Timeout", endpoint.DeadlineExceeded},
		"NO_ROUTE":               {toolkit(endpoint.Unimplemented, "NO_ROUTE"), 404, "Not Found", endpoint.Unimplemented},
		"METHOD_NOT_ALLOWED":     {toolkit(endpoint.Unimplemented, "METHOD_NOT_ALLOWED"), 405, "Method Not Allowed", endpoint.Unimplemented},
		"INVALID_REQUEST":        {toolkit(endpoint.InvalidArgument, "INVALID_REQUEST"), 400, "Bad Request", endpoint.InvalidArgument},
		"RATE_LIMITED":           {toolkit(endpoint.ResourceExhausted, "RATE_LIMITED"), 429, "Too Many Requests", endpoint.ResourceExhausted},
		"OUT_OF_CAPACITY":        {toolkit(endpoint.Unavailable, "OUT_OF_CAPACITY"), 503, "Service Unavailable", endpoint.Unavailable},
		"BREAKER_OPEN":           {toolkit(endpoint.Unavailable, "BREAKER_OPEN"), 503, "Service Unavailable", endpoint.Unavailable},
		"NO_ENDPOINTS":           {toolkit(endpoint.Unavailable, "NO_ENDPOINTS"), 503, "Service Unavailable", endpoint.Unavailable},

		"of another domain":      {endpoint.Define(endpoint.Internal, "shop", "NO_ROUTE", "x"), 500, "Internal Server Error", endpoint.Internal},
		"a context's end":        {context.Canceled, 499, "Client Closed Request", endpoint.Canceled},
		"a context's deadline":   {fmt.Errorf("x: %w", context.DeadlineExceeded), 504, "Gateway Timeout", endpoint.DeadlineExceeded},
		"a code within an error": {fmt.Errorf("x: %w", errOne), 404, "Not Found", endpoint.NotFound},
		"the outermost of two":   {endpoint.Errorf(endpoint.Aborted, "x: %w", errOne), 409, "Conflict", endpoint.Aborted},
		"no code":                {errors.New("x"), 500, "Internal Server Error", endpoint.Internal},
		"a nil *Error":           {(*endpoint.Error)(nil), 500, "Internal Server Error", endpoint.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := listen(t, mounted(t, failing(tt.err)))
			p := fetch(t, "POST", url, "").problem(t)
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.title, p.Title)
			require.Equal(t, tt.code.String(), p.Code)
			c := failing(nil)
			dial(t, url, c)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.Equal(t, tt.code, endpoint.CodeOf(err))
			require.True(t, endpoint.ErrorOf(err).Remote())
		})
	}
}

// TestErrorStatus has a route with statuses of its own, which clients don't
// look at.
func TestErrorStatus(t *testing.T) {
	t.Parallel()
	svc := failing(errOne, httpx.ErrorStatus(errOne, 410), httpx.ErrorStatus(ErrEmpty, 422))
	url := listen(t, mounted(t, svc))
	a := fetch(t, "POST", url, "")
	require.Equal(t, http.StatusGone, a.status)
	require.Equal(t, "Gone", a.problem(t).Title)
	c := failing(nil)
	dial(t, url, c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.ErrorIs(t, err, errOne)
	require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))

	// Also for an error of the toolkit itself.
	svc2 := echo[Text]("POST", "/", httpx.ErrorStatus(httpx.ErrInvalidRequest, 422))
	require.Equal(t, http.StatusUnprocessableEntity, ask(t, mounted(t, svc2), "POST", "/", `{"x":1}`).status)
}

// TestAuthenticateHeader has a 401 name a scheme, that of a layer if it did.
func TestAuthenticateHeader(t *testing.T) {
	t.Parallel()
	unknown := endpoint.Errorf(endpoint.Unauthenticated, "who?")
	a := ask(t, mounted(t, failing(unknown)), "POST", "/", "")
	require.Equal(t, 401, a.status)
	require.Equal(t, []string{"Bearer"}, a.header.Values("WWW-Authenticate"))
	basic := &layer{enter: func(ctx context.Context) (context.Context, error) {
		endpoint.CallFrom(ctx).Reply().Set("WWW-Authenticate", `Basic realm="x"`)
		return ctx, nil
	}}
	a = ask(t, mounted(t, failing(unknown), httpx.Use(basic)), "POST", "/", "")
	require.Equal(t, []string{`Basic realm="x"`}, a.header.Values("WWW-Authenticate"))
	require.Empty(t, ask(t, mounted(t, failing(errOne)), "POST", "/", "").header.Values("WWW-Authenticate"))
}

// failingStream is a service of a response stream at GET /.
type failingStream struct {
	Down endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Text]]
}

func (s *failingStream) HTTP(r *httpx.Routes) { r.ServerStream("GET", "/", &s.Down) }

// TestHeadersOfProblem has a call fail. What middlewares set of the body before it stays,
// since they may act on it; what the handler and the layers set of a body that is not sent
// does not go out. All other headers stay, whoever set them.
func TestHeadersOfProblem(t *testing.T) {
	t.Parallel()
	about := []string{
		"Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition", "Content-Range", "Content-Digest",
		"Repr-Digest", "Digest", "Content-Md5", "Etag", "Last-Modified", "Expires", "Cache-Control",
	}
	others := []string{"Vary", "Set-Cookie", "Content-Security-Policy", "X-Trace", "Link"}
	fail := func(ctx context.Context) error {
		for _, k := range slices.Concat(about, others, []string{"Content-Length", "Content-Type"}) {
			endpoint.CallFrom(ctx).Reply().Add(k, "handler")
		}
		return errOne
	}
	middleware := func(keys []string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, k := range keys {
				w.Header().Set(k, "middleware")
			}
			next.ServeHTTP(w, r)
		})
	}
	unary := mounted(t, route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		return endpoint.Empty{}, fail(ctx)
	}))
	stream := mounted(t, &failingStream{Down: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[Text], error) { return nil, fail(ctx) }})
	refused := mounted(t, echo[endpoint.Empty]("GET", "/"), httpx.Use(&layer{enter: func(ctx context.Context) (context.Context, error) { return ctx, fail(ctx) }}))
	turned := mounted(t, echo[endpoint.Empty]("GET", "/"), httpx.Use(&layer{exit: func(ctx context.Context, _ error) error { return fail(ctx) }}))
	for name, h := range map[string]http.Handler{"a handler": unary, "a stream": stream, "Enter": refused, "Exit": turned} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			around := middleware(slices.Concat(about[:7], []string{"Content-Length"}), h)
			a := fetch(t, "GET", listen(t, around), "")
			require.Equal(t, "GONE", a.problem(t).Reason)
			for i, k := range about {
				if i < 7 {
					require.Equal(t, []string{"middleware"}, a.header[k], k)
				} else {
					require.Empty(t, a.header[k], k)
				}
			}
			for _, k := range others {
				require.Equal(t, []string{"handler"}, a.header[k], k)
			}
			require.Equal(t, fmt.Sprint(len(a.body)), a.header.Get("Content-Length"))

			for range 10 { // an exchange is used again
				ask(t, around, "GET", "/", "")
				header := ask(t, h, "GET", "/", "").header
				require.NotContains(t, header, "")
				for _, k := range about {
					require.Empty(t, header[k], k)
				}
			}
		})
	}
}

// gzipWriter compresses all that is written.
type gzipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w gzipWriter) Write(b []byte) (int, error) { return w.z.Write(b) }

// TestErrorUnderCompression has errors come back through a middleware that announces its
// coding before the handler runs, as gorilla/handlers does.
func TestErrorUnderCompression(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, failing(errOne)))
		h := httpx.Problems(r)
		url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			h.ServeHTTP(gzipWriter{w, z}, r)
			assert.NoError(t, z.Close())
		}))
		c := route[endpoint.Empty, endpoint.Empty]("POST", "/", nil)
		dial(t, url, c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, errOne)
		c = route[endpoint.Empty, endpoint.Empty]("POST", "/nope", nil)
		dial(t, url, c)
		_, err = c.Do(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, httpx.ErrNoRoute)
	})
}

// TestHeadersOfProblemAllocateNothing has headers of middlewares cost a call no allocation.
func TestHeadersOfProblemAllocateNothing(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	h := smallPOST(t)
	value := []string{"no-store"}
	around := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Cache-Control"] = value
		h.ServeHTTP(w, r)
	})
	want := testing.AllocsPerRun(1000, measured(h, "/upper"))
	require.LessOrEqual(t, testing.AllocsPerRun(1000, measured(around, "/upper")), want)
}

// TestPanic has an endpoint panic: a clean 500, and the server lives on.
func TestPanic(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		hooked := make(chan error, 10)
		svc := route("POST", "/", func(_ context.Context, in Text) (Text, error) {
			switch in.S {
			case "text":
				panic("internal text")
			case "error":
				panic(errOne)
			case "index":
				_ = []int{}[len(in.S)]
			}
			return in, nil
		})
		require.NoError(t, httpx.Mount(r, svc, httpx.ErrorHook(func(_ context.Context, err error) { hooked <- err })))
		url := listen(t, r)
		for _, s := range []string{"text", "error", "index"} {
			a := fetch(t, "POST", url, `{"s":"`+s+`"}`)
			require.Equal(t, 500, a.status)
			require.JSONEq(t, `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"internal error","code":"INTERNAL"}`, a.body)
			var p *endpoint.PanicError
			require.ErrorAs(t, <-hooked, &p)
			require.NotNil(t, p.Value)
			require.Contains(t, string(p.Stack), "error_test.go")
			require.Equal(t, 200, fetch(t, "POST", url, `{"s":"x"}`).status)
		}
	})
}

// TestAbort has http.ErrAbortHandler, a handler's way to break off, pass.
func TestAbort(t *testing.T) {
	t.Parallel()
	svc := route("POST", "/", func(context.Context, endpoint.Empty) (endpoint.Empty, error) { panic(http.ErrAbortHandler) })
	var exited error
	see := &layer{exit: func(_ context.Context, err error) error { exited = err; return nil }}
	h := mounted(t, svc, httpx.Use(see), httpx.ErrorHook(func(_ context.Context, err error) { assert.NoError(t, err) }))
	aborted, _ := catch(func() { ask(t, h, "POST", "/", "") }).(error)
	require.ErrorIs(t, aborted, http.ErrAbortHandler)
	var p *endpoint.PanicError
	require.ErrorAs(t, exited, &p)

	c := failing(nil)
	dial(t, listen(t, h), c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.True(t, endpoint.MaybeSent(err))
}

// TestBadText has an error whose texts are no UTF-8, which JSON is.
func TestBadText(t *testing.T) {
	t.Parallel()
	err := endpoint.Errorf(endpoint.Aborted, "a\xffb").WithMeta("k\xff", "v\xff").
		WithViolations(endpoint.Violation{Pointer: "/\xff", Detail: "\xff"}).WithHelp(endpoint.Link{Description: "\xff", URL: "\xff"})
	p := ask(t, mounted(t, failing(err)), "POST", "/", "").problem(t)
	require.Equal(t, "a\ufffdb", p.Detail)
	require.Equal(t, map[string]string{"k\ufffd": "v\ufffd"}, p.Meta)

	long := endpoint.Errorf(endpoint.Aborted, "%s", strings.Repeat("x", 100_000))
	require.Len(t, ask(t, mounted(t, failing(long)), "POST", "/", "").problem(t).Detail, 100_000)
}
