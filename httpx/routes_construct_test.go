package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// none is an endpoint that does nothing.
func none[Req, Resp any](context.Context, Req) (Resp, error) { return *new(Resp), nil }

// described is a service of two endpoints and a parent whose description is a
// function.
type described struct {
	A, B     endpoint.Endpoint[Text, Text]
	describe func(s *described, r *httpx.Routes)
}

func (s *described) HTTP(r *httpx.Routes) { s.describe(s, r) }

func describe(f func(s *described, r *httpx.Routes)) *described {
	return &described{A: none[Text, Text], B: none[Text, Text], describe: f}
}

// byValue describes copies of its fields.
type byValue struct{ A endpoint.Endpoint[Text, Text] }

func (s byValue) HTTP(r *httpx.Routes) { r.POST("/a", &s.A) }

// replicas has two fields of one type.
type replicas struct {
	Main, Spare Strings
	names       [2]string
}

func (s *replicas) HTTP(r *httpx.Routes) {
	for i, part := range []*Strings{&s.Main, &s.Spare} {
		var opts []httpx.RouteOption
		if s.names[i] != "" {
			opts = append(opts, httpx.Named(s.names[i]))
		}
		part.HTTP(r.Under("/"+string(rune('a'+i)), opts...))
	}
}

// withNil has a part that is not there.
type withNil struct {
	Own endpoint.Endpoint[Text, Text]
	*Strings
}

func (s *withNil) HTTP(r *httpx.Routes) { r.POST("/own", &s.Own); s.Strings.HTTP(r) }

type unembedded struct {
	Upper endpoint.Endpoint[endpoint.Stream[Text], Text]
}

func (s *unembedded) HTTP(r *httpx.Routes) { r.POST("/", &s.Upper) }

type withStreamInside struct {
	Items endpoint.Stream[Text] `json:"items"`
}

type notAService struct{}

func (notAService) HTTP(*httpx.Routes) {}

func implemented() Strings { return Strings{Upper: upper, Count: count} }

var (
	errOne     = endpoint.Define(endpoint.NotFound, "shop", "GONE", "gone")
	errSameOne = endpoint.Define(endpoint.Aborted, "shop", "GONE", "gone")
)

// TestServiceFaults has what is wrong with a struct or its description.
func TestServiceFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		svc  httpx.Service
		want []string
	}{
		"nil":                   {nil, []string{"httpx: <nil> is no pointer to a struct of endpoints"}},
		"a nil pointer":         {(*Strings)(nil), []string{"httpx: *httpx_test.Strings is no pointer to a struct of endpoints"}},
		"no pointer":            {byValue{}, []string{"httpx: httpx_test.byValue is no pointer to a struct of endpoints"}},
		"no endpoints":          {&notAService{}, []string{"httpx: notAService has no field of type endpoint.Endpoint"}},
		"a value receiver":      {&byValue{A: none[Text, Text]}, []string{"httpx: byValue: POST /a describes an endpoint that is no field of the service; does its method HTTP have a value receiver?", "httpx: byValue.A: it is not described"}},
		"a nil part":            {&withNil{Own: none[Text, Text]}, []string{"httpx: withNil.Strings is a nil pointer to a struct of endpoints"}},
		"a Stream":              {&unembedded{none[endpoint.Stream[Text], Text]}, []string{"httpx: unembedded.Upper: a Stream is no message of POST"}},
		"a Stream of responses": {route("GET", "/", none[endpoint.Empty, endpoint.Stream[Text]]), []string{"httpx: one.Do: a Stream is no message of GET"}},
		"a Stream inside": {
			route("POST", "/", none[withStreamInside, Text]),
			[]string{"httpx: one.Do: withStreamInside.Items is a Stream inside a message"},
		},
		"a Stream in a list": {
			route("POST", "/", none[Text, []endpoint.Stream[Text]]),
			[]string{"one.Do: ", " is a Stream inside a message"},
		},
		"undescribed": {
			describe(func(s *described, r *httpx.Routes) { r.POST("/a", &s.A) }),
			[]string{"httpx: described.B: it is not described; describe it, or declare it absent with Omit"},
		},
		"described twice": {
			describe(func(s *described, r *httpx.Routes) { r.POST("/a", &s.A); r.POST("/b", &s.B); r.PUT("/c", &s.A) }),
			[]string{"httpx: described.A: PUT /c describes it again"},
		},
		"described and omitted": {
			describe(func(s *described, r *httpx.Routes) { r.POST("/a", &s.A); r.POST("/b", &s.B); r.Omit(&s.A) }),
			[]string{"httpx: described.A: Omit describes it again"},
		},
		"a nil pointer described": {
			describe(func(s *described, r *httpx.Routes) {
				r.POST("/a", &s.A)
				r.POST("/b", &s.B)
				var e *endpoint.Endpoint[Text, Text]
				r.POST("/c", e)
			}),
			[]string{"httpx: described: POST /c describes a nil pointer"},
		},
		"a stranger described": {
			describe(func(s *described, r *httpx.Routes) {
				r.POST("/a", &s.A)
				r.POST("/b", &s.B)
				r.POST("/c", new(endpoint.Endpoint[Text, Text]))
			}),
			[]string{"httpx: described: POST /c describes an endpoint that is no field of the service"},
		},
		"one path twice": {
			describe(func(s *described, r *httpx.Routes) { r.POST("/a", &s.A); r.Under("/a").POST("", &s.B) }),
			[]string{"httpx: described.B: it is at POST /a, as described.A is"},
		},
		"one path by other names": {
			describe(func(s *described, r *httpx.Routes) { r.POST("/{a}/x", &s.A); r.POST("/y/{b}", &s.B) }),
			[]string{`described.A: request: {a} in "/{a}/x" has no field tagged path:"a"`, `described.B: request: {b} in "/y/{b}" has no field`},
		},
		"one type twice": {
			&replicas{Main: implemented(), Spare: implemented()},
			[]string{
				"httpx: replicas.Spare.Upper: it is the operation Strings.Upper, as replicas.Main.Upper is; give one of them the option Named",
				"replicas.Spare.Count: it is the operation Strings.Count, as replicas.Main.Count is",
			},
		},
		"one name twice": {
			&replicas{Main: implemented(), Spare: implemented(), names: [2]string{"x", "x"}},
			[]string{"replicas.Spare.Upper: it is the operation x.Upper, as replicas.Main.Upper is"},
		},
		"one identity, two codes": {
			failing(nil, httpx.Fails(errOne, errSameOne)),
			[]string{"httpx: one.Do: option Fails: shop/GONE is declared with the codes NOT_FOUND and ABORTED"},
		},
		"one identity, two codes on two routes": {
			describe(func(s *described, r *httpx.Routes) {
				r.POST("/a", &s.A, httpx.Fails(errOne))
				r.POST("/b", &s.B, httpx.Fails(errSameOne))
			}),
			[]string{"httpx: described: option Fails: shop/GONE is declared with the codes NOT_FOUND and ABORTED"},
		},
		"several at once": {
			describe(func(s *described, r *httpx.Routes) {
				r.POST("a", &s.A, httpx.Status(500), httpx.MaxBody(0))
				r.Handle("get", "/{b}", &s.A)
			}),
			[]string{
				`described.A: pattern "a": it does not begin with a slash`, "described.A: option Status: 500",
				"described.A: option MaxBody: 0", "described.A: get /{b} describes it again", "described.B: it is not described",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.svc, tt.want)
		})
	}
}

// ledger is a router that notes what is registered.
type ledger struct{ patterns []string }

func (l *ledger) Handle(pattern string, _ http.Handler) { l.patterns = append(l.patterns, pattern) }

// refused checks that neither end takes svc, that all of want is reported and
// that nothing was mounted.
func refused(t *testing.T, svc httpx.Service, want []string) {
	t.Helper()
	var l ledger
	for end, err := range map[string]error{
		"Mount":  httpx.Mount(&l, svc),
		"Client": httpx.Client(httpx.To("http://localhost"), svc),
	} {
		require.Error(t, err, end)
		for _, text := range want {
			require.ErrorContains(t, err, text, end)
		}
	}
	require.Empty(t, l.patterns)
}

// TestServerFaults has faults that only a server can have.
func TestServerFaults(t *testing.T) {
	t.Parallel()
	retry := repeater{&layer{}}
	broken := brokenPolicy{errors.New("limit: -1 is negative"), &layer{}}
	for name, tt := range map[string]struct {
		router httpx.Router
		svc    httpx.Service
		opts   []httpx.Option
		want   []string
	}{
		"no router":                    {nil, &Strings{Upper: upper, Count: count}, nil, []string{"httpx: the router is nil"}},
		"a nil router":                 {(*http.ServeMux)(nil), &Strings{Upper: upper, Count: count}, nil, []string{"httpx: the router is nil"}},
		"a nil chi router":             {(*chi.Mux)(nil), &Strings{Upper: upper, Count: count}, nil, []string{"httpx: the router is nil"}},
		"a nil router of another kind": {(*ledger)(nil), &Strings{Upper: upper, Count: count}, nil, []string{"httpx: the router is nil"}},
		"nil endpoints":                {&ledger{}, &Strings{}, nil, []string{"httpx: Strings.Upper: the endpoint is nil; set it, or give it the option Partial", "Strings.Count: the endpoint is nil"}},
		"a Repeater":                   {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{httpx.Use(retry)}, []string{"Strings.Upper: option Use: endpoint: httpx_test.repeater repeats calls"}},
		"a faulty policy":              {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{httpx.Use(broken)}, []string{"Strings.Upper: option Use: limit: -1 is negative"}},
		"a nil layer":                  {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{httpx.Use(nil)}, []string{"option Use: endpoint: a layer of the stack is nil"}},
		"a nil option":                 {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{nil}, []string{"httpx: a nil option"}},
		"no hook":                      {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{httpx.ErrorHook(nil)}, []string{"option ErrorHook: the function is nil"}},
		"no formats":                   {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{httpx.Formats()}, []string{"option Formats: no format"}},
		"a nil format":                 {&ledger{}, &Strings{Upper: upper, Count: count}, []httpx.Option{httpx.Formats(nil)}, []string{"option Formats: no format, or a nil one"}},
		"all at once":                  {nil, &Strings{}, []httpx.Option{httpx.Use(retry, broken), nil}, []string{"the router is nil", "the endpoint is nil", "a nil option", "limit: -1"}},
		"a chi expression":             {chi.NewRouter(), echo[ByID]("PUT", "/{id:[0-9]+}"), nil, []string{`one.Do: pattern "/{id:[0-9]+}": segment "{id:[0-9]+}" has a regular expression`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := httpx.Mount(tt.router, tt.svc, tt.opts...)
			require.Error(t, err)
			for _, text := range tt.want {
				require.ErrorContains(t, err, text)
			}
			if l, ok := tt.router.(*ledger); ok && l != nil {
				require.Empty(t, l.patterns)
			}
		})
	}
}

// repeater is a layer that servers don't take.
type repeater struct{ *layer }

func (repeater) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, t, false
}

// brokenPolicy is a layer that was made with wrong arguments.
type brokenPolicy struct {
	err error
	*layer
}

func (p brokenPolicy) Err() error { return p.err }

// TestClientFaults has faults that only a client can have. Nothing is set then.
func TestClientFaults(t *testing.T) {
	t.Parallel()
	to := httpx.To("http://localhost")
	for name, tt := range map[string]struct {
		to   endpoint.Target[*httpx.Conn]
		opts []httpx.Option
		want []string
	}{
		"no target":         {nil, nil, []string{"httpx: the target is nil"}},
		"a nil target":      {(*httpx.Conn)(nil), nil, []string{"httpx: the target is nil"}},
		"an error hook":     {to, []httpx.Option{httpx.ErrorHook(func(context.Context, error) {})}, []string{"httpx: option ErrorHook is for servers"}},
		"a faulty policy":   {to, []httpx.Option{httpx.Use(brokenPolicy{errors.New("no limit"), &layer{}})}, []string{"Strings.Upper: option Use: no limit"}},
		"no URL":            {httpx.To("http://[::1"), nil, []string{"httpx: To: the base is no URL"}},
		"a secret":          {httpx.To("http://user:secret@h:port"), nil, []string{"httpx: To: the base is no URL"}},
		"no scheme":         {httpx.To("localhost:8080"), nil, []string{`httpx: To: the base "localhost:8080" has no scheme: write "http://" or "https://" before it`}},
		"an address":        {httpx.To("127.0.0.1:8080"), nil, []string{`httpx: To: the base "127.0.0.1:8080" has no scheme: write "http://"`}},
		"a name":            {httpx.To("example.com/api"), nil, []string{`httpx: To: the base "example.com/api" has no scheme: write "http://"`}},
		"a path":            {httpx.To("/api"), nil, []string{`httpx: To: the base "/api" has no scheme: write "http://"`}},
		"nothing":           {httpx.To(""), nil, []string{`httpx: To: the base "" has no scheme: write "http://"`}},
		"a secret alone":    {httpx.To("user:secret@h"), nil, []string{`httpx: To: the base has no scheme: write "http://"`}},
		"TLS with http":     {httpx.To("http://u:secret@h", httpx.TLS(&tls.Config{})), nil, []string{`httpx: To: option TLS is for the scheme https, and the base is "http://u:xxxxx@h"`}},
		"H2C with https":    {httpx.To("https://h", httpx.H2C()), nil, []string{`httpx: To: option H2C is for the scheme http, and the base is "https://h"`}},
		"TLS and H2C":       {httpx.To("https://h", httpx.H2C(), httpx.TLS(&tls.Config{})), nil, []string{"httpx: To: options TLS and H2C exclude each other"}},
		"no configuration":  {httpx.To("https://h", httpx.TLS(nil)), nil, []string{"httpx: To: option TLS: the configuration is nil"}},
		"another scheme":    {httpx.To("ftp://u:p@h"), nil, []string{`httpx: To: the base "ftp://u:xxxxx@h" has the scheme "ftp"`}},
		"no host":           {httpx.To("http:///x"), nil, []string{`httpx: To: the base "http:///x" has no host`}},
		"a query":           {httpx.To("http://h/?x=1"), nil, []string{"has a query or a fragment"}},
		"a nil http.Client": {httpx.To("http://h", httpx.HTTPClient(nil)), nil, []string{"httpx: To: option HTTPClient: the client is nil"}},
		"all at once": {
			httpx.To("ftp://h", httpx.HTTPClient(nil)),
			[]httpx.Option{nil, httpx.ErrorHook(nil)},
			[]string{"the scheme", "the client is nil", "a nil option", "is for servers"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var svc Strings
			err := httpx.Client(tt.to, &svc, tt.opts...)
			require.Error(t, err)
			for _, text := range tt.want {
				require.ErrorContains(t, err, text)
			}
			require.NotContains(t, err.Error(), "secret")
			require.Nil(t, svc.Upper)
			require.Nil(t, svc.Count)
		})
	}
}

// TestConflictWithRouter has a route of the user's that a ServeMux cannot have
// beside one of the service.
func TestConflictWithRouter(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"POST /count", "POST /{x}"} {
		mux := http.NewServeMux()
		mux.Handle(pattern, http.NotFoundHandler())
		err := httpx.Mount(mux, &Strings{Upper: upper, Count: count})
		if pattern == "POST /{x}" {
			require.NoError(t, err, "a pattern that is more general is no conflict")
			continue
		}
		require.ErrorContains(t, err, `httpx: Strings.Count: the router refuses "POST /count"`)
	}
}

// TestMountedTwice has two services with the same route on one router, perhaps with
// other names of its wildcards, and routes of the user's. Nothing is replaced.
func TestMountedTwice(t *testing.T) {
	t.Parallel()
	type (
		x struct {
			X string `path:"x"`
		}
		y struct {
			Y string `path:"y"`
		}
		rest struct {
			All string `path:"all"`
		}
	)
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	mount := func(svc httpx.Service) func(t *testing.T, r muxer) {
		return func(t *testing.T, r muxer) { t.Helper(); require.NoError(t, httpx.Mount(r, svc)) }
	}
	handle := func(pattern, s string) func(t *testing.T, r muxer) {
		return func(_ *testing.T, r muxer) { r.Handle(pattern, text(s)) }
	}
	first := func(method, path string) httpx.Service {
		return route(method, path, func(context.Context, struct{}) (string, error) { return "first", nil }, httpx.AllowUnknown())
	}
	firstAt := func(method, path string) httpx.Service {
		return route(method, path, func(context.Context, x) (string, error) { return "first", nil }, httpx.AllowUnknown())
	}
	for name, tt := range map[string]struct {
		before func(t *testing.T, r muxer)
		svc    httpx.Service
		target string
		want   string // of chi's error, or "" where both fit
		answer string
	}{
		"the same path":           {mount(first("POST", "/a")), accepting[endpoint.Empty]("POST", "/a"), "/a", `httpx: one.Do: the router already has "POST /a", which is one.Do`, `"first"`},
		"other names":             {mount(firstAt("POST", "/a/{x}/c")), accepting[y]("POST", "/a/{y}/c"), "/a/1/c", `httpx: one.Do: the router already has "POST /a/{x}/c", which is one.Do`, `"first"`},
		"the same name":           {mount(firstAt("POST", "/a/{x}")), accepting[x]("POST", "/a/{x}"), "/a/1", `the router already has "POST /a/{x}"`, `"first"`},
		"the rest":                {mount(first("POST", "/{r...}")), accepting[rest]("POST", "/{all...}"), "/a", ``, ``},
		"a handler of the user's": {handle("POST /a", "user's"), accepting[endpoint.Empty]("POST", "/a"), "/a", `httpx: one.Do: the router already has "POST /a"`, "user's"},
		"one for every method":    {handle("/a", "user's"), echo[Text]("POST", "/a"), "/a", "", `{"s":"x"}`},
		"another method":          {mount(first("PUT", "/a")), echo[Text]("POST", "/a"), "/a", "", `{"s":"x"}`},
		"another path":            {mount(first("POST", "/a/")), echo[Text]("POST", "/a"), "/a", "", `{"s":"x"}`},
		"a wildcard and a text":   {mount(firstAt("POST", "/{x}")), echo[Text]("POST", "/a"), "/a", "", `{"s":"x"}`},
	} {
		if name == "the rest" { // its first service needs a field
			tt.before = mount(route("POST", "/{r...}", func(context.Context, struct {
				R string `path:"r"`
			},
			) (string, error) {
				return "first", nil
			}, httpx.AllowUnknown()))
			tt.want, tt.answer = `the router already has "POST /*", which is one.Do`, `"first"`
		}
		onRouters(t, func(t *testing.T, r muxer) {
			tt.before(t, r)
			err := httpx.Mount(r, tt.svc)
			_, onChi := r.(chi.Router)
			switch {
			case tt.want == "":
				require.NoError(t, err, name)
			case onChi:
				require.ErrorContains(t, err, tt.want, name)
			default:
				require.ErrorContains(t, err, `httpx: one.Do: the router refuses "POST /`, name)
			}
			require.Equal(t, tt.answer, ask(t, r, "POST", tt.target, `{"s":"x"}`).body, name)
		})
	}
	t.Run("one by one", func(t *testing.T) {
		t.Parallel()
		r := chi.NewRouter()
		pass := func(next http.Handler) http.Handler { return next }
		require.NoError(t, httpx.Mount(r.With(pass), &Strings{Upper: upper, Count: count}))
		err := httpx.Mount(r, &Strings{Upper: upper, Count: count})
		require.ErrorContains(t, err, `httpx: Strings.Upper: the router already has "POST /upper", which is Strings.Upper`)
		require.ErrorContains(t, err, `httpx: Strings.Count: the router already has "POST /count", which is Strings.Count`)
		r.Route("/sub", func(sub chi.Router) { err = httpx.Mount(sub, &Strings{Upper: upper, Count: count}) })
		require.NoError(t, err, "a router below has paths of its own")
		// Nothing of a service is there if one of its routes is refused.
		r = chi.NewRouter()
		r.Method("POST", "/count", text(""))
		require.Error(t, httpx.Mount(r, &Strings{Upper: upper, Count: count}))
		require.Equal(t, 404, ask(t, r, "POST", "/upper", "{}").status)
	})
	t.Run("HEAD", func(t *testing.T) {
		t.Parallel()
		onRouters(t, func(t *testing.T, r muxer) {
			r.Handle("HEAD /a", text("head"))
			require.NoError(t, httpx.Mount(r, accepting[endpoint.Empty]("GET", "/a")))
			require.Equal(t, "head", ask(t, r, "HEAD", "/a", "").body, "the user's own is more specific than a GET")
			require.Equal(t, "{}", ask(t, r, "GET", "/a", "").body)
		})
	})
}

// TestMethodOfNoList has a method that chi does not know: Mount's error, and no
// panic.
func TestMethodOfNoList(t *testing.T) {
	t.Parallel()
	require.NoError(t, httpx.Mount(http.NewServeMux(), echo[Text]("BREW", "/")))
	require.ErrorContains(t, httpx.Mount(chi.NewRouter(), echo[Text]("BREW", "/")), `httpx: one.Do: the router refuses "BREW /"`)
}

// TestConflictInService has two patterns of a service that conflict on every
// router, chi included, which would take both.
func TestConflictInService(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		err := httpx.Mount(r, &conflicting{A: none[ByID, Text], B: none[ByID, Text]})
		require.ErrorContains(t, err, "httpx: conflicting.B: the router refuses")
		require.Equal(t, http.StatusNotFound, ask(t, r, "PUT", "/x/1", "").status, "nothing was registered")
	})
}

type conflicting struct{ A, B endpoint.Endpoint[ByID, Text] }

func (s *conflicting) HTTP(r *httpx.Routes) {
	r.PUT("/x/{id}", &s.A)
	r.PUT("/{id}/y", &s.B)
}
