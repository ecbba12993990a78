package httpx_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

var (
	errNoProfile = endpoint.Define(endpoint.NotFound, "old", "NO_PROFILE", "no such profile")
	errTaken     = endpoint.Define(endpoint.AlreadyExists, "old", "TAKEN", "taken")
	errOverrun   = endpoint.Define(endpoint.Unavailable, "old", "FULL", "busy")
	errLogin     = endpoint.Define(endpoint.Unauthenticated, "old", "LOGIN", "log in")
)

// oldError is the error body of a service that is older than problems.
type oldError struct {
	Error string `json:"error"`
	Where string `json:"where,omitempty"`
}

// oldErrors finds the known errors by their words. The status is the usual one, but for
// one error.
func oldErrors() httpx.ErrorOption {
	return httpx.MapErrors(
		func(err *endpoint.Error) (int, oldError) {
			body := oldError{Error: err.Message()}
			for _, v := range err.Violations() {
				body.Where += v.Pointer + v.Parameter
			}
			if errors.Is(err, errTaken) {
				return http.StatusBadRequest, body
			}
			return 0, body
		},
		func(_ int, body oldError) *endpoint.Error {
			for _, e := range []*endpoint.Error{errNoProfile, errTaken, errOverrun, errLogin} {
				if body.Error == e.Message() {
					return e
				}
			}
			if body.Error == "nil" {
				return nil
			}
			return endpoint.Errorf(endpoint.Unknown, "%s", body.Error)
		},
	)
}

// TestMapErrors has errors go over the wire in an old form, and come back as the errors
// that they are. Layers see what they always see.
func TestMapErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		opts   []httpx.RouteOption
		status int
		body   string
		code   endpoint.Code
		says   string
		header map[string]string
	}{
		"the status of its code": {err: errNoProfile, status: 404, body: `{"error":"no such profile"}`, code: endpoint.NotFound, says: "no such profile"},
		"a status of its own":    {err: errTaken, status: 400, body: `{"error":"taken"}`, code: endpoint.AlreadyExists, says: "taken"},
		"over ErrorStatus": {
			err: errTaken, opts: []httpx.RouteOption{httpx.ErrorStatus(errTaken, 418)},
			status: 400, body: `{"error":"taken"}`, code: endpoint.AlreadyExists, says: "taken",
		},
		"0 is ErrorStatus": {
			err: errNoProfile, opts: []httpx.RouteOption{httpx.ErrorStatus(errNoProfile, 410)},
			status: 410, body: `{"error":"no such profile"}`, code: endpoint.NotFound, says: "no such profile",
		},
		"Retry-After stays": {
			err: errOverrun.WithRetryAfter(3 * time.Second), status: 503, body: `{"error":"busy"}`, code: endpoint.Unavailable, says: "busy",
			header: map[string]string{"Retry-After": "3"},
		},
		"WWW-Authenticate stays": {
			err: errLogin, status: 401, body: `{"error":"log in"}`, code: endpoint.Unauthenticated, says: "log in",
			header: map[string]string{"Www-Authenticate": "Bearer"},
		},
		"no identity": {err: endpoint.Errorf(endpoint.NotFound, "nobody"), status: 404, body: `{"error":"nobody"}`, code: endpoint.NotFound, says: "nobody"},
		"no code":     {err: errors.New("secret"), status: 500, body: `{"error":"internal error"}`, code: endpoint.Internal, says: "internal error"},
		"a remote one leaks not": {
			err: endpoint.FromWire(endpoint.NotFound, "db", "ROW", "row 7"), status: 500,
			body: `{"error":"internal error"}`, code: endpoint.Internal, says: "internal error",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := append([]httpx.RouteOption{oldErrors(), httpx.Fails(errNoProfile, errTaken, errOverrun, errLogin)}, tt.opts...)
			var layerCode endpoint.Code
			var layerStatus int
			telemetry := &layer{exit: func(ctx context.Context, err error) error {
				layerCode, layerStatus = endpoint.ErrorOf(err).Code(), endpoint.CallFrom(ctx).Status(err)
				return err
			}}
			h := mounted(t, failing(tt.err, opts...), httpx.Use(telemetry))
			got := ask(t, h, "POST", "/", "")
			require.Equal(t, tt.status, got.status)
			require.Equal(t, tt.body, got.body)
			require.Equal(t, "application/json", got.header.Get("Content-Type"))
			for k, v := range tt.header {
				require.Equal(t, v, got.header.Get(k))
			}
			require.Equal(t, endpoint.CodeOf(tt.err), layerCode)
			require.Equal(t, tt.status, layerStatus, "telemetry has the status that went out")

			c := failing(nil, opts...)
			dial(t, listen(t, h), c)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			e := endpoint.ErrorOf(err)
			require.Equal(t, tt.code, e.Code())
			require.True(t, e.Remote())
			require.EqualError(t, err, tt.says)
			if want, ok := errors.AsType[*endpoint.Error](tt.err); ok && want.Domain() == "old" {
				require.ErrorIs(t, err, want)
				require.Equal(t, want.RetryAfter(), e.RetryAfter())
			}
		})
	}
}

// TestMapErrorsOfRequest has a request that is refused before the endpoint, with the
// places of its faults, on a Handler and on a route Under a path.
func TestMapErrorsOfRequest(t *testing.T) {
	t.Parallel()
	type in struct {
		N int `json:"n" required:"true"`
	}
	e := func(_ context.Context, v in) (in, error) { return v, nil }
	under := describe(func(s *described, r *httpx.Routes) {
		problems := httpx.MapErrors(
			func(*endpoint.Error) (int, string) { return 0, "outer" },
			func(int, string) *endpoint.Error { return nil },
		)
		r.Under("/a", problems).Under("", oldErrors()).POST("", &s.A)
		r.Under("/b", problems).POST("", &s.B, oldErrors())
	})
	h := mounted(t, under)
	for name, got := range map[string]answer{
		"handler":          ask(t, httpx.Handler(e, oldErrors()), "POST", "/", `{}`),
		"an unknown type":  ask(t, httpx.Handler(e, oldErrors()), "POST", "/", `{}`, "Content-Type", "image/png"),
		"under, twice":     ask(t, h, "POST", "/a", `{"x":1}`),
		"under, the route": ask(t, h, "POST", "/b", `{"x":1}`),
	} {
		require.Equal(t, "application/json", got.header.Get("Content-Type"), "%s: %s", name, got.body)
		require.Contains(t, got.body, `{"error":"`, name)
	}
	got := ask(t, httpx.Handler(e, oldErrors()), "POST", "/", `{}`)
	require.Equal(t, 400, got.status)
	require.JSONEq(t, `{"error":"invalid request","where":"/n"}`, got.body)
}

// TestMapErrorsOfProblems has what no route matches answered in the old form.
func TestMapErrorsOfProblems(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, twoMethods()))
		h := httpx.Problems(r, oldErrors())
		got := ask(t, h, "GET", "/nope", "")
		require.Equal(t, 404, got.status)
		require.JSONEq(t, `{"error":"no such path"}`, got.body)
		require.Equal(t, "application/json", got.header.Get("Content-Type"))
		got = ask(t, h, "DELETE", "/a", "")
		require.Equal(t, 405, got.status)
		require.JSONEq(t, `{"error":"method not allowed"}`, got.body)
		require.Equal(t, []string{"OPTIONS, POST, PUT"}, got.header["Allow"])
		got = ask(t, h, "HEAD", "/nope", "")
		require.Equal(t, 404, got.status)
		require.Empty(t, got.body)
		require.Equal(t, 204, ask(t, h, "OPTIONS", "/a", "").status)
	})
}

// TestMapErrorsBroken has a function that breaks its promise. The answer is a problem,
// and layers and the hook know of it.
func TestMapErrorsBroken(t *testing.T) {
	t.Parallel()
	none := func(int, float64) *endpoint.Error { return nil }
	for name, tt := range map[string]struct {
		to   func(*endpoint.Error) (int, float64)
		want string
	}{
		"a success":        {func(*endpoint.Error) (int, float64) { return 200, 0 }, "the status must be 400 to 599 or 0, got 200"},
		"a redirect":       {func(*endpoint.Error) (int, float64) { return 303, 0 }, "got 303"},
		"no status":        {func(*endpoint.Error) (int, float64) { return 1000, 0 }, "got 1000"},
		"a negative one":   {func(*endpoint.Error) (int, float64) { return -1, 0 }, "got -1"},
		"a panic":          {func(*endpoint.Error) (int, float64) { panic("no") }, "panic"},
		"not encoded":      {func(*endpoint.Error) (int, float64) { return 400, math.NaN() }, "NaN"},
		"not encoded by 0": {func(*endpoint.Error) (int, float64) { return 0, math.Inf(1) }, "Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var heard []error
			hook := httpx.ErrorHook(func(_ context.Context, err error) { heard = append(heard, err) })
			status := 0
			see := &layer{exit: func(ctx context.Context, err error) error {
				status = endpoint.CallFrom(ctx).Status(err)
				return err
			}}
			h := mounted(t, failing(errNoProfile, httpx.MapErrors(tt.to, none)), hook, httpx.Use(see))
			got := ask(t, h, "POST", "/", "")
			require.Equal(t, 500, got.status)
			p := got.problem(t)
			require.Equal(t, "INTERNAL", p.Code)
			require.Equal(t, "internal error", p.Detail)
			require.ErrorContains(t, errors.Join(heard...), tt.want)
			require.ErrorIs(t, errors.Join(heard...), errNoProfile)
			if !strings.HasPrefix(name, "not encoded") {
				require.Equal(t, 500, status)
			}
		})
	}
}

// TestMapErrorsPanicInBody checks that a panic while the body is encoded is a failure of
// MapErrors like any other.
func TestMapErrorsPanicInBody(t *testing.T) {
	t.Parallel()
	var heard []error
	hook := httpx.ErrorHook(func(_ context.Context, err error) { heard = append(heard, err) })
	opt := httpx.MapErrors(
		func(*endpoint.Error) (int, panicking) { return 0, panicking{} },
		func(int, panicking) *endpoint.Error { return nil },
	)
	got := ask(t, mounted(t, failing(errNoProfile, opt), hook), "POST", "/", "")
	require.Equal(t, 500, got.status)
	require.Equal(t, "internal error", got.problem(t).Detail)
	require.ErrorContains(t, errors.Join(heard...), "cannot write the answer of MapErrors: panic")
	require.ErrorIs(t, errors.Join(heard...), errNoProfile)
}

// TestMapErrorsConstruct has what is wrong with the option told at construction.
func TestMapErrorsConstruct(t *testing.T) {
	t.Parallel()
	type body struct{ C chan int }
	type list struct {
		XMLName struct{} `xml:"list"`
		M       map[string]int
	}
	to, from := func(*endpoint.Error) (int, string) { return 0, "" }, func(int, string) *endpoint.Error { return nil }
	chans := httpx.MapErrors(func(*endpoint.Error) (int, body) { return 0, body{} }, func(int, body) *endpoint.Error { return nil })
	lists := httpx.MapErrors(func(*endpoint.Error) (int, list) { return 0, list{} }, func(int, list) *endpoint.Error { return nil })
	noTo, noFrom := httpx.MapErrors(nil, from), httpx.MapErrors(to, nil)
	for name, tt := range map[string]struct {
		opt  httpx.ErrorOption
		opts []httpx.Option
		want string
	}{
		"no to":             {noTo, nil, "option MapErrors: a function is nil"},
		"no from":           {noFrom, nil, "option MapErrors: a function is nil"},
		"a body of no form": {chans, nil, "option MapErrors: application/json: "},
		"one of no XML":     {lists, []httpx.Option{httpx.Formats(codec.JSON(), codec.XML())}, "option MapErrors: application/xml: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := failing(nil, tt.opt)
			require.ErrorContains(t, httpx.Mount(http.NewServeMux(), svc, tt.opts...), tt.want)
			require.ErrorContains(t, httpx.Client(httpx.To("http://localhost"), svc, tt.opts...), tt.want)
			if tt.opts == nil {
				require.Contains(t, catch(func() { httpx.Problems(http.NewServeMux(), tt.opt) }), tt.want)
				require.Contains(t, catch(func() { httpx.Handler(svc.Do, tt.opt) }), tt.want)
			}
		})
	}
	const belongs = "option MapErrors belongs to routes"
	require.ErrorContains(t, httpx.Mount(http.NewServeMux(), failing(nil), oldErrors()), belongs)
	require.ErrorContains(t, httpx.Client(httpx.To("http://localhost"), failing(nil), oldErrors()), belongs)
}

// TestMapErrorsOfOthers has a client with MapErrors read what other servers answer.
func TestMapErrorsOfOthers(t *testing.T) {
	t.Parallel()
	const problem, plain = "application/problem+json", "text/plain; charset=utf-8"
	for name, tt := range map[string]struct {
		status int
		body   string
		media  string
		header []string
		code   endpoint.Code
		is     error
		says   string
		wait   time.Duration
	}{
		"a media type that is wrong": {404, `{"error":"no such profile"}`, plain, nil, endpoint.NotFound, errNoProfile, "no such profile", 0},
		"none":                       {404, `{"error":"no such profile"}`, "", nil, endpoint.NotFound, errNoProfile, "no such profile", 0},
		"with more members":          {404, `{"error":"no such profile","code":"NOT_FOUND","trace":"7"}`, "application/json", nil, endpoint.NotFound, errNoProfile, "no such profile", 0},
		"with a code of another":     {409, `{"error":"taken","code":"E17"}`, "application/json", nil, endpoint.AlreadyExists, errTaken, "taken", 0},
		"unknown words":              {409, `{"error":"locked"}`, "application/json", nil, endpoint.Aborted, nil, "locked", 0},
		"a header":                   {503, `{"error":"busy"}`, "application/json", []string{"Retry-After", "7"}, endpoint.Unavailable, errOverrun, "busy", 7 * time.Second},
		"a problem of ours":          {409, `{"code":"ALREADY_EXISTS","domain":"old","reason":"TAKEN","detail":"there is one"}`, problem, nil, endpoint.AlreadyExists, errTaken, "there is one", 0},
		"a problem of another":       {404, `{"title":"gone","detail":"no shop"}`, problem, nil, endpoint.NotFound, nil, "no shop", 0},
		"HTML":                       {502, "<html>", "text/html", nil, endpoint.Unavailable, nil, `bad gateway: HTTP status 502, "text/html": "<html>"`, 0},
		"nothing":                    {503, "", "", nil, endpoint.Unavailable, nil, "service unavailable: HTTP status 503", 0},
		"another type":               {404, `{"error":7}`, "application/json", nil, endpoint.NotFound, nil, "", 0},
		"nil of from":                {404, `{"error":"nil"}`, "application/json", nil, endpoint.NotFound, nil, `not found: HTTP status 404, "application/json": "{\"error\":\"nil\"}"`, 0},
		"none of the members":        {404, `{"message":"no"}`, "application/json", nil, endpoint.NotFound, nil, `not found: HTTP status 404, "application/json": "{\"message\":\"no\"}"`, 0},
		"only zero members":          {404, `{"error":""}`, "application/json", nil, endpoint.NotFound, nil, `not found: HTTP status 404, "application/json": "{\"error\":\"\"}"`, 0},
		"too long":                   {404, `{"error":"no such profile","x":"` + strings.Repeat("x", 64<<10) + `"}`, "application/json", nil, endpoint.NotFound, nil, "", 0},
		"just not too long":          {404, `{"error":"no such profile","x":"` + strings.Repeat("x", 64<<10-36) + `"}`, "application/json", nil, endpoint.NotFound, errNoProfile, "no such profile", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := failing(nil, oldErrors())
			dial(t, listen(t, answering(tt.status, tt.body, append(tt.header, "Content-Type", tt.media)...)), c)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			e := endpoint.ErrorOf(err)
			require.Equal(t, tt.code, e.Code())
			require.True(t, e.Remote())
			require.Equal(t, tt.wait, e.RetryAfter())
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			} else {
				require.NotErrorIs(t, err, errNoProfile)
			}
			if tt.says != "" {
				require.EqualError(t, err, tt.says)
			}
		})
	}
}

// TestMapErrorsForms has bodies of other types and formats.
func TestMapErrorsForms(t *testing.T) {
	t.Parallel()
	type fault struct {
		Text string `json:"text" xml:"text"`
	}
	text := httpx.MapErrors(
		func(err *endpoint.Error) (int, string) { return 0, err.Message() },
		func(_ int, body string) *endpoint.Error { return errTaken.With("%s", body) },
	)
	faults := httpx.MapErrors(
		func(err *endpoint.Error) (int, fault) { return 0, fault{err.Message()} },
		func(_ int, body fault) *endpoint.Error { return errTaken.With("%s", body.Text) },
	)
	xml, both := httpx.Formats(codec.XML()), httpx.Formats(codec.JSON(), codec.XML())
	for name, tt := range map[string]struct {
		opt    httpx.RouteOption
		opts   []httpx.Option
		accept string
		media  string
		body   string
	}{
		"a text":            {text, nil, "", "text/plain", "taken"},
		"a text beside XML": {text, []httpx.Option{xml}, "", "text/plain", "taken"},
		"XML":               {faults, []httpx.Option{xml}, "", "application/xml", "<fault><text>taken</text></fault>"},
		"the first":         {faults, []httpx.Option{both}, "", "application/json", `{"text":"taken"}`},
		"by Accept":         {faults, []httpx.Option{both}, "application/xml", "application/xml", "<fault><text>taken</text></fault>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := mounted(t, failing(errTaken, tt.opt), tt.opts...)
			got := ask(t, h, "POST", "/", "", "Accept", tt.accept)
			require.Equal(t, 409, got.status)
			require.Equal(t, tt.media, got.header.Get("Content-Type"))
			require.Equal(t, tt.body, strings.TrimPrefix(got.body, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"))
			c := failing(nil, tt.opt)
			dial(t, listen(t, h), c, tt.opts...)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.ErrorIs(t, err, errTaken)
			require.EqualError(t, err, "taken")
		})
	}

	t.Run("a text that is too long", func(t *testing.T) {
		t.Parallel()
		for size, want := range map[int]endpoint.Code{64 << 10: endpoint.AlreadyExists, 64<<10 + 1: endpoint.NotFound} {
			c := failing(nil, text)
			dial(t, listen(t, answering(404, strings.Repeat("x", size))), c)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.Equal(t, want, endpoint.CodeOf(err), "%d bytes", size)
		}
	})

	t.Run("beside a codec of the route", func(t *testing.T) {
		t.Parallel()
		bytes := httpx.ResponseCodec[[]byte](mustCodec[[]byte](t, codec.Bytes("image/png")))
		svc := route("POST", "/", func(context.Context, endpoint.Empty) ([]byte, error) { return nil, errTaken }, bytes, oldErrors())
		h := mounted(t, svc)
		require.JSONEq(t, `{"error":"taken"}`, ask(t, h, "POST", "/", "").body)
		c := route[endpoint.Empty, []byte]("POST", "/", nil, bytes, oldErrors())
		dial(t, listen(t, h), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, errTaken)
	})
}

func mustCodec[T any](t *testing.T, f codec.Format) codec.Codec[T] {
	t.Helper()
	c, err := codec.Of[T](f, codec.Options{})
	require.NoError(t, err)
	return c
}

// TestMapErrorsOfStream has an error before the first item in the old form, and one
// after it as a problem. Both keep their identity.
func TestMapErrorsOfStream(t *testing.T) {
	t.Parallel()
	ticks := func(_ context.Context, f from) (endpoint.Stream[tick], error) {
		return func(yield func(tick, error) bool) {
			for i := range f.N {
				if !yield(tick{i}, nil) {
					return
				}
			}
			yield(tick{}, errTaken)
		}, nil
	}
	h := mounted(t, &ticking{Do: ticks})
	got := ask(t, h, "GET", "/?n=0", "")
	require.Equal(t, 400, got.status)
	require.JSONEq(t, `{"error":"taken"}`, got.body)
	got = ask(t, h, "GET", "/?n=1", "")
	require.Equal(t, 200, got.status)
	require.Contains(t, got.body, "event: error\ndata: {\"type\":\"about:blank\"")
	require.Contains(t, got.body, `"status":400`)

	var c ticking
	dial(t, listen(t, h), &c)
	for _, n := range []int{0, 1} {
		items, err := c.Do(t.Context(), from{N: n})
		require.NoError(t, err)
		for _, e := range items {
			err = errors.Join(err, e)
		}
		require.ErrorIs(t, err, errTaken, "after %d items", n)
	}
}

type ticking struct {
	Do endpoint.Endpoint[from, endpoint.Stream[tick]]
}

func (s *ticking) HTTP(r *httpx.Routes) { r.ServerStream("GET", "/", &s.Do, oldErrors()) }

// TestDecodeError has a client read the errors of servers that are not ours.
func TestDecodeError(t *testing.T) {
	t.Parallel()
	decode := func(_ int, header http.Header, body []byte) *endpoint.Error {
		switch {
		case header.Get("X-Error") == "taken":
			return errTaken.WithMeta("k", "v")
		case header.Get("X-Error") == "zero":
			return new(endpoint.Error)
		case header.Get("X-Error") == "none":
			return endpoint.Errorf(endpoint.OK, "%s", body)
		case header.Get("X-Error") == "wait":
			return errOverrun.WithRetryAfter(time.Minute)
		case len(body) == 64<<10:
			return endpoint.Errorf(endpoint.DataLoss, "cut")
		}
		return nil
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		header []string
		code   endpoint.Code
		is     error
		says   string
		wait   time.Duration
	}{
		"known":             {500, "x", []string{"X-Error", "taken"}, endpoint.AlreadyExists, errTaken, "taken", 0},
		"a wait":            {429, "x", []string{"X-Error", "taken", "Retry-After", "2"}, endpoint.AlreadyExists, errTaken, "taken", 2 * time.Second},
		"a wait of its own": {429, "x", []string{"X-Error", "wait", "Retry-After", "2"}, endpoint.Unavailable, errOverrun, "busy", time.Minute},
		"only a message":    {404, "no shop", []string{"X-Error", "none"}, endpoint.NotFound, nil, "no shop", 0},
		"a zero Error":      {403, "x", []string{"X-Error", "zero"}, endpoint.PermissionDenied, nil, "", 0},
		"an odd status":     {304, "", []string{"X-Error", "none"}, endpoint.Unknown, nil, "", 0},
		"unknown":           {404, "x", nil, endpoint.NotFound, nil, `not found: HTTP status 404, "text/plain; charset=utf-8": "x"`, 0},
		"cut":               {404, strings.Repeat("x", 1<<20), nil, endpoint.DataLoss, nil, "cut", 0},
		"a problem of ours": {404, `{"code":"NOT_FOUND","detail":"ours"}`, []string{"Content-Type", "application/problem+json", "X-Error", "taken"}, endpoint.NotFound, nil, "ours", 0},
		"a foreign code":    {404, `{"code":"E7","detail":"theirs"}`, []string{"Content-Type", "application/problem+json", "X-Error", "taken"}, endpoint.AlreadyExists, errTaken, "taken", 0},
		"a like body":       {404, `{"code":"NOT_FOUND","detail":"theirs"}`, []string{"Content-Type", "application/json", "X-Error", "taken"}, endpoint.AlreadyExists, errTaken, "taken", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := failing(nil)
			dial(t, listen(t, answering(tt.status, tt.body, tt.header...)), c, httpx.DecodeError(decode))
			_, err := c.Do(t.Context(), endpoint.Empty{})
			e := endpoint.ErrorOf(err)
			require.Equal(t, tt.code, e.Code(), "%v", err)
			require.True(t, e.Remote())
			require.Equal(t, tt.wait, e.RetryAfter())
			require.True(t, endpoint.MaybeSent(err), "a POST may have been acted upon")
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
			if tt.says != "" {
				require.EqualError(t, err, tt.says)
			}
			if errors.Is(tt.is, errTaken) {
				require.Equal(t, map[string]string{"k": "v"}, e.Meta())
			}
		})
	}
}

// TestDecodeErrorKeeps has a function keep the body that it got.
func TestDecodeErrorKeeps(t *testing.T) {
	t.Parallel()
	var kept [][]byte
	bodies := []string{"first", "other"}
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = w.Write([]byte(bodies[len(kept)]))
	})
	c := failing(nil)
	dial(t, listen(t, h), c, httpx.DecodeError(func(_ int, _ http.Header, body []byte) *endpoint.Error {
		kept = append(kept, body)
		return nil
	}))
	for range bodies {
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Error(t, err)
	}
	require.Equal(t, []string{string(kept[0]), string(kept[1])}, bodies)
}

// TestDecodeErrors has several, and MapErrors before them.
func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	when := func(text string, e *endpoint.Error) httpx.Option {
		return httpx.DecodeError(func(_ int, _ http.Header, body []byte) *endpoint.Error {
			if strings.Contains(string(body), text) {
				return e
			}
			return nil
		})
	}
	for body, want := range map[string]error{
		`{"error":"taken"}`: errTaken, `{"error":""} a b`: errNoProfile, `b`: errOverrun, `{"error":"","x":"a"}`: errNoProfile,
	} {
		c := failing(nil, oldErrors())
		dial(t, listen(t, answering(500, body)), c, when("a", errNoProfile), when("b", errOverrun))
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, want, "%s", body)
	}
}

// TestDecodeErrorConstruct has what is wrong with the option told at construction.
func TestDecodeErrorConstruct(t *testing.T) {
	t.Parallel()
	decode := httpx.DecodeError(func(int, http.Header, []byte) *endpoint.Error { return nil })
	svc := failing(nil)
	require.ErrorContains(t, httpx.Client(httpx.To("http://localhost"), svc, httpx.DecodeError(nil)), "option DecodeError: the function is nil")
	const forClients = "option DecodeError is for clients"
	require.ErrorContains(t, httpx.Mount(http.NewServeMux(), svc, decode), forClients)
	require.Contains(t, catch(func() { httpx.Handler(svc.Do, decode) }), forClients)
	require.Contains(t, catch(func() { httpx.Problems(http.NewServeMux(), decode) }), forClients)
}
