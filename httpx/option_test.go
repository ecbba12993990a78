package httpx_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// every is a service with a route of each kind, described by a function.
type every struct {
	One      endpoint.Endpoint[Text, Text]
	Get      endpoint.Endpoint[endpoint.Empty, Text]
	Watch    endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Text]]
	Upload   endpoint.Endpoint[endpoint.Stream[Text], Text]
	Talk     endpoint.Endpoint[endpoint.Stream[Text], endpoint.Stream[Text]]
	describe func(s *every, r *httpx.Routes)
}

func (s *every) HTTP(r *httpx.Routes) {
	s.describe(s, r)
}

// TestNilOptions has a nil option at every place that takes options of a service or
// of a route.
func TestNilOptions(t *testing.T) {
	t.Parallel()
	for name, describe := range map[string]func(s *every, r *httpx.Routes){
		"GET":          func(s *every, r *httpx.Routes) { r.GET("/x", &s.Get, nil) },
		"POST":         func(s *every, r *httpx.Routes) { r.POST("/x", &s.One, nil) },
		"PUT":          func(s *every, r *httpx.Routes) { r.PUT("/x", &s.One, nil) },
		"PATCH":        func(s *every, r *httpx.Routes) { r.PATCH("/x", &s.One, nil) },
		"DELETE":       func(s *every, r *httpx.Routes) { r.DELETE("/x", &s.One, nil) },
		"Handle":       func(s *every, r *httpx.Routes) { r.Handle("QUERY", "/x", &s.One, nil) },
		"ServerStream": func(s *every, r *httpx.Routes) { r.ServerStream("GET", "/x", &s.Watch, nil) },
		"ClientStream": func(s *every, r *httpx.Routes) { r.ClientStream("POST", "/x", &s.Upload, nil) },
		"Bidi":         func(s *every, r *httpx.Routes) { r.Bidi("POST", "/x", &s.Talk, nil) },
		"Under":        func(s *every, r *httpx.Routes) { r.Under("/x", nil).POST("/y", &s.One) },
		"Under twice":  func(s *every, r *httpx.Routes) { r.Under("/x", nil).Under("/y").POST("/z", &s.One) },
		"among others": func(s *every, r *httpx.Routes) { r.POST("/x", &s.One, httpx.Idempotent(), nil, httpx.Partial()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, &every{describe: describe}, []string{": a nil option", "it is not described"})
		})
	}
	sound := func() *one[Text, Text] { return route("POST", "/", none[Text, Text]) }
	for name, err := range map[string]error{
		"Mount":               httpx.Mount(&ledger{}, sound(), nil),
		"Mount, among others": httpx.Mount(&ledger{}, sound(), httpx.Use(), nil, httpx.Use()),
		"Client":              httpx.Client(httpx.To("http://localhost"), sound(), nil),
	} {
		require.EqualError(t, err, "httpx: a nil option", name)
	}
}

// TestNilOptionsTwice checks that each nil option is reported, beside other faults.
func TestNilOptionsTwice(t *testing.T) {
	t.Parallel()
	err := httpx.Mount(nil, route("POST", "/", none[Text, Text], nil, httpx.MaxBody(0), nil), nil, nil)
	require.EqualError(t, err, "httpx: a nil option\nhttpx: a nil option\nhttpx: one.Do: a nil option\nhttpx: one.Do: option MaxBody: 0 is not positive\nhttpx: one.Do: a nil option\nhttpx: the router is nil")
}

// TestNilOptionsOfHandler panics at construction with all that is wrong.
func TestNilOptionsOfHandler(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []httpx.HandlerOption
		want []string
	}{
		"a nil option":      {[]httpx.HandlerOption{nil}, []string{"a nil option"}},
		"of a service":      {[]httpx.HandlerOption{httpx.Option(nil)}, []string{"a nil option"}},
		"of a route":        {[]httpx.HandlerOption{httpx.RouteOption(nil)}, []string{"a nil option"}},
		"among other fault": {[]httpx.HandlerOption{httpx.MaxBody(0), nil, httpx.Use(nil), httpx.ErrorHook(nil)}, []string{"a nil option", "option MaxBody: 0", "a layer of the stack is nil", "option ErrorHook: the function is nil"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				text := fmt.Sprint(recover())
				require.Contains(t, text, "httpx: Handler[httpx_test.Text, httpx_test.Text]: ")
				for _, want := range tt.want {
					require.Contains(t, text, want)
				}
			}()
			httpx.Handler(none[Text, Text], tt.opts...)
			t.Error("it does not panic")
		})
	}
}

// TestNilArguments has a nil argument of each option that takes one which may be
// nil.
func TestNilArguments(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]httpx.Option{
		"option Use: endpoint: a layer of the stack is nil": httpx.Use(nil),
		"option Formats: no format, or a nil one":           httpx.Formats(nil),
		"option ErrorHook: the function is nil":             httpx.ErrorHook(nil),
	} {
		err := httpx.Mount(&ledger{}, route("POST", "/", none[Text, Text]), opt)
		require.ErrorContains(t, err, want)
	}
	for want, opt := range map[string]httpx.RouteOption{
		"one.Do: option Fails: a nil error":                     httpx.Fails(nil),
		"one.Do: option ErrorStatus: an error without identity": httpx.ErrorStatus(nil, http.StatusConflict),
		"one.Do: option RequestCodec: the codec is nil":         httpx.RequestCodec[Text](nil),
		"one.Do: option ResponseCodec: the codec is nil":        httpx.ResponseCodec[Text](nil),
	} {
		refused(t, route("POST", "/", none[Text, Text], opt), []string{"httpx: " + want})
	}
}
