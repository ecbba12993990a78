package httpxtest_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// A report is a test that keeps what is reported to it.
type report struct {
	testing.TB

	errors, logs []string
	fatal        bool
}

func (r *report) Helper() {}

func (r *report) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *report) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

type stopped struct{}

func (r *report) Fatalf(format string, args ...any) {
	r.fatal = true
	r.Errorf(format, args...)
	panic(stopped{})
}

// check returns what Check reports.
func check(t *testing.T, svc httpx.Service, opts ...httpxtest.CheckOption) (r *report) {
	t.Helper()
	r = &report{TB: t}
	defer func() {
		if v := recover(); v != nil && v != (stopped{}) {
			panic(v)
		}
	}()
	httpxtest.Check(r, svc, opts...)
	return r
}

// A zoo has values of every kind, with rules, in every place.
type zoo struct {
	ID       string                 `path:"id" minLength:"2"`
	Limit    int                    `query:"limit" minimum:"1" maximum:"9" default:"3"`
	Kinds    []kindOfAnimal         `query:"kind" maxItems:"3" uniqueItems:"true"`
	Trace    codec.Optional[string] `header:"X-Trace" pattern:"^[0-9a-f]{8}$"`
	Session  string                 `cookie:"session" required:"true" minLength:"4"`
	Name     string                 `json:"name" required:"true" minLength:"1" maxLength:"5"`
	Code     string                 `json:"code" required:"true" pattern:"^[A-Z]{2}-[0-9]+$" maxLength:"8"`
	Mail     *string                `json:"mail" format:"email"`
	Weight   float64                `json:"weight" exclusiveMinimum:"0" exclusiveMaximum:"10" default:"1"`
	Price    float64                `json:"price" minimum:"0" multipleOf:"0.05"`
	Legs     uint8                  `json:"legs" enum:"0,2,4"`
	Big      int64                  `json:"big,string"`
	Tags     []string               `json:"tags" minItems:"1" maxItems:"3" uniqueItems:"true" minLength:"1" required:"true"`
	Rooms    map[string]int         `json:"rooms" maxProperties:"2" minimum:"1"`
	Pair     [2]int                 `json:"pair"`
	Born     time.Time              `json:"born"`
	Picture  []byte                 `json:"picture"`
	Friend   *animal                `json:"friend"`
	Nick     codec.Optional[string] `json:"nick,omitzero" maxLength:"3"`
	Tame     bool                   `json:"tame"`
	Anything any                    `json:"anything"`
}

type animal struct {
	Kind   kindOfAnimal `json:"kind" required:"true"`
	Friend *animal      `json:"friend"`
}

type kindOfAnimal string

func (kindOfAnimal) Values() []string { return []string{"cat", "dog"} }

type keeper struct {
	Put    endpoint.Endpoint[zoo, zooReply]
	Form   endpoint.Endpoint[entry, endpoint.Empty]
	Upload endpoint.Endpoint[endpoint.Stream[animal], int]
	Watch  endpoint.Endpoint[endpoint.Empty, endpoint.Stream[animal]]
	Stay   endpoint.Endpoint[stay, stay]
	Echo   endpoint.Endpoint[endpoint.Stream[animal], endpoint.Stream[animal]]
}

type zooReply struct {
	ETag string  `header:"ETag"`
	Kept *animal `json:"kept"`
}

type entry struct {
	Name string `form:"name" required:"true" minLength:"1"`
	Age  int    `form:"age" minimum:"18" required:"true"`
}

// A stay has a rule that no tag tells.
type stay struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func (s stay) Validate() error {
	if s.From > s.To {
		return errors.New("from must not be after to")
	}
	return nil
}

func (k *keeper) HTTP(r *httpx.Routes) {
	r.PUT("/zoo/{id}", &k.Put, httpx.Status(201))
	r.POST("/form", &k.Form, httpx.Status(204))
	r.ClientStream("POST", "/upload", &k.Upload)
	r.ServerStream("GET", "/watch", &k.Watch)
	r.POST("/stay", &k.Stay)
	r.Bidi("POST", "/echo", &k.Echo)
}

func newKeeper() *keeper {
	return &keeper{
		Put:  func(_ context.Context, z zoo) (zooReply, error) { return zooReply{`"1"`, z.Friend}, nil },
		Form: func(context.Context, entry) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		Upload: func(_ context.Context, all endpoint.Stream[animal]) (int, error) {
			items, err := all.Collect()
			return len(items), err
		},
		Watch: func(context.Context, endpoint.Empty) (endpoint.Stream[animal], error) {
			return endpoint.StreamOf(animal{Kind: "cat"}, animal{Kind: "dog"}), nil
		},
		Stay: func(_ context.Context, s stay) (stay, error) { return s, nil },
		Echo: func(_ context.Context, all endpoint.Stream[animal]) (endpoint.Stream[animal], error) { return all, nil },
	}
}

// A service that keeps its declaration has no faults, and gets valid requests.
func TestCheck(t *testing.T) {
	t.Parallel()
	svc := newKeeper()
	put := 0
	next := svc.Put
	svc.Put = func(ctx context.Context, z zoo) (zooReply, error) {
		put++
		return next(ctx, z)
	}
	r := check(t, svc)
	require.Empty(t, r.errors)
	require.Greater(t, put, 60, "valid requests")
}

// item is a service of one route, for defects.
type item struct {
	ID   string `json:"id" required:"true" minLength:"2" maxLength:"4"`
	Size int    `json:"size" minimum:"1" maximum:"9" required:"true"`
}

type itemReply struct {
	Size int   `json:"size" minimum:"1"`
	Cost money `json:"cost"`
}

// money is written in cents.
type money int

type items struct {
	Put endpoint.Endpoint[item, itemReply]
}

var (
	errFull  = endpoint.Define(endpoint.ResourceExhausted, "items", "FULL", "no room")
	errOther = endpoint.Define(endpoint.NotFound, "items", "OTHER", "not declared")
)

func (s *items) HTTP(r *httpx.Routes) {
	r.POST("/items", &s.Put, httpx.Status(201), httpx.Fails(errFull))
}

func keep(_ context.Context, i item) (itemReply, error) { return itemReply{Size: i.Size}, nil }

// answering returns a handler beside the declaration, which answers what f returns.
func answering(f func(i item) (status int, media, body string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i item
		if err := json.UnmarshalRead(r.Body, &i); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		status, media, body := f(i)
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// bodyOf returns the body of r, which can be read again.
func bodyOf(r *http.Request) []byte {
	b, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(b))
	return b
}

const (
	asJSON    = "application/json"
	asProblem = "application/problem+json"
)

// wrapped returns the service as it is, but for what f does to requests.
func wrapped(t *testing.T, f func(w http.ResponseWriter, r *http.Request, next http.Handler)) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &items{Put: keep}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(w, r, mux) })
}

// Each planted defect is found, and told in these words.
func TestCheckDefects(t *testing.T) {
	t.Parallel()
	failing := func(err error) *items {
		return &items{Put: func(context.Context, item) (itemReply, error) { return itemReply{}, err }}
	}
	beside := func(status int, media, body string) httpxtest.CheckOption {
		return httpxtest.Handler(answering(func(item) (int, string, string) { return status, media, body }))
	}
	for _, c := range []struct {
		name string
		svc  httpx.Service
		opts []httpxtest.CheckOption
		want string
	}{
		{"undeclared error", failing(errOther), nil, "answered 404 with items/OTHER, which it does not declare"},
		{"error without identity", failing(errors.New("disk")), nil, "answered 500 with an error of code INTERNAL without identity, which it does not declare: disk"},
		{"own refusal", failing(httpx.ErrInvalidRequest), nil, "answered 400 with endpoint/INVALID_REQUEST, which it does not declare"},
		{"panic", &items{Put: func(context.Context, item) (itemReply, error) { panic("boom") }}, nil, "it panics: boom"},
		{"panic of one value", &items{Put: func(_ context.Context, i item) (itemReply, error) {
			if i.Size == 9 {
				panic("nine")
			}
			return itemReply{Size: 1}, nil
		}}, nil, "it panics: nine"},
		{
			"response breaks a rule", &items{Put: func(context.Context, item) (itemReply, error) { return itemReply{}, nil }}, nil,
			"the response breaks the rules of httpxtest_test.itemReply: /size must be at least 1",
		},
		{"wrong status", &items{}, []httpxtest.CheckOption{beside(200, asJSON, `{"size":1,"cost":1}`)}, "answered 200, declared with 201"},
		{"wrong media type", &items{}, []httpxtest.CheckOption{beside(201, "text/html", `{"size":1,"cost":1}`)}, `"text/html"`},
		{"unread response", &items{}, []httpxtest.CheckOption{beside(201, asJSON, `{"size":"x","cost":1}`)}, "the client cannot read it"},
		{"undeclared member", &items{}, []httpxtest.CheckOption{beside(201, asJSON, `{"size":1,"cost":1,"more":2}`)}, "/more is not declared"},
		{"missing member", &items{}, []httpxtest.CheckOption{beside(201, asJSON, `{"size":1}`)}, "lacks cost"},
		{"null", &items{}, []httpxtest.CheckOption{beside(201, asJSON, `{"size":1,"cost":null}`)}, "/cost is null"},
		{"no problem", &items{}, []httpxtest.CheckOption{beside(500, "text/plain", "oh")}, `answered 500 that is not a problem, but "text/plain"`},
		{
			"wrong status of an error", &items{},
			[]httpxtest.CheckOption{beside(409, asProblem, `{"code":"RESOURCE_EXHAUSTED","domain":"items","reason":"FULL"}`)},
			"answered items/FULL with the status 409, declared with 429",
		},
		{"no rules", &items{}, []httpxtest.CheckOption{beside(201, asJSON, `{"size":1,"cost":1}`)}, "answered 201, want 400 at /id"},
		{"one rule not enforced", &items{}, []httpxtest.CheckOption{httpxtest.Handler(wrapped(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			var i item
			if b := bodyOf(r); json.Unmarshal(b, &i) == nil && i.Size == 10 {
				w.Header().Set("Content-Type", asJSON)
				w.WriteHeader(201)
				_, _ = w.Write([]byte(`{"size":1,"cost":1}`))
				return
			}
			next.ServeHTTP(w, r)
		}))}, `/size above maximum): answered 201, want 400 at /size`},
		{"a rule that is stricter", &items{}, []httpxtest.CheckOption{httpxtest.Handler(wrapped(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			var i item
			if b := bodyOf(r); json.Unmarshal(b, &i) == nil && i.Size == 9 {
				w.Header().Set("Content-Type", asProblem)
				w.WriteHeader(400)
				_, _ = w.Write([]byte(`{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"pointer":"/size","detail":"too much"}]}`))
				return
			}
			next.ServeHTTP(w, r)
		}))}, "it is valid, and answered 400: /size too much"},
		{"wrong place", &items{}, []httpxtest.CheckOption{httpxtest.Handler(wrapped(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			var i item
			if b := bodyOf(r); json.Unmarshal(b, &i) != nil || len(i.ID) < 2 {
				w.Header().Set("Content-Type", asProblem)
				w.WriteHeader(400)
				_, _ = w.Write([]byte(`{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"pointer":"/name","detail":"bad"}]}`))
				return
			}
			next.ServeHTTP(w, r)
		}))}, "answered 400 at /name, want it at /id"},
		{"broken off", &items{}, []httpxtest.CheckOption{httpxtest.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))}, "there is no answer"},
		{"stream breaks a rule", &feed{Watch: func(context.Context, endpoint.Empty) (endpoint.Stream[item], error) {
			return endpoint.StreamOf(item{"ab", 1}, item{"ab", 10}), nil
		}}, nil, "/size must be at most 9"},
		{"stream fails", &feed{Watch: func(context.Context, endpoint.Empty) (endpoint.Stream[item], error) {
			return func(yield func(item, error) bool) { yield(item{}, errOther) }, nil
		}}, nil, "items/OTHER, which it does not declare"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, c.svc, c.opts...)
			require.NotEmpty(t, r.errors)
			all := strings.Join(r.errors, "\n")
			require.Contains(t, all, c.want)
			require.LessOrEqual(t, len(r.errors), 5)
			for _, e := range r.errors {
				require.Less(t, len(e), 800, e)
			}
		})
	}
}

type feed struct {
	Watch endpoint.Endpoint[endpoint.Empty, endpoint.Stream[item]]
}

func (f *feed) HTTP(r *httpx.Routes) { r.ServerStream("GET", "/watch", &f.Watch) }
