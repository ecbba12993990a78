package httpxtest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// A keeping service keeps the requests that reach it.
type keeping struct {
	mu  sync.Mutex
	all []item
}

func (k *keeping) put(_ context.Context, i item) (itemReply, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, i)
	return itemReply{Size: i.Size}, nil
}

func TestSkip(t *testing.T) {
	t.Parallel()
	kept := new(keeping)
	svc := &items{Put: kept.put}
	r := check(t, svc, httpxtest.Skip(&svc.Put, "it costs money"))
	require.Equal(t, []string{"httpxtest: items.Put is not checked: it costs money"}, r.logs)
	require.Empty(t, r.errors)
	require.Empty(t, kept.all)
}

func TestRequestsAndSeed(t *testing.T) {
	t.Parallel()
	run := func(opts ...httpxtest.CheckOption) []item {
		kept := new(keeping)
		require.Empty(t, check(t, &items{Put: kept.put}, opts...).errors)
		return kept.all
	}
	usual := run()
	require.Equal(t, usual, run(), "the same each time")
	require.NotEqual(t, usual, run(httpxtest.Seed(1)))
	require.Len(t, run(httpxtest.Requests(httpxtest.DefaultRequests+5)), len(usual)+5)
}

func TestValues(t *testing.T) {
	t.Parallel()
	kept := new(keeping)
	require.Empty(t, check(t, &items{Put: kept.put}, httpxtest.Values("/id", "old"), httpxtest.Values("/id", "ann", "bob"), httpxtest.Values("/size", "7")).errors)
	ids, sizes := map[string]int{}, map[int]int{}
	for _, i := range kept.all[:httpxtest.DefaultRequests] {
		ids[i.ID]++
		sizes[i.Size]++
	}
	require.Len(t, ids, 2)
	require.Positive(t, ids["ann"])
	require.Equal(t, map[int]int{7: httpxtest.DefaultRequests}, sizes)
}

func TestValid(t *testing.T) {
	t.Parallel()
	kept := new(keeping)
	svc := &items{Put: kept.put}
	require.Empty(t, check(t, svc, httpxtest.Valid(&svc.Put, item{"abc", 4}), httpxtest.Valid(&svc.Put, item{"abd", 5})).errors)
	require.Equal(t, []item{{"abc", 4}, {"abd", 5}}, kept.all[:2])
	bounds := kept.all[len(kept.all)-3:]
	require.Equal(t, "abc", bounds[0].ID, "requests at bounds are made of the first")
	r := check(t, svc, httpxtest.Valid(&svc.Put, item{"abc", 10}))
	require.Contains(t, strings.Join(r.errors, ""), "the first request of the option Valid is refused (/size: must be at most 9)")
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &items{Put: keep}))
	h := httpxtest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "ab" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	require.NotEmpty(t, check(t, &items{}, h).errors)
	require.Empty(t, check(t, &items{}, h,
		httpxtest.Prepare(func(r *http.Request) { r.Header.Set("Authorization", "a") }),
		httpxtest.Prepare(func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"b") })).errors)
}

// What is wrong with the arguments ends the test at once.
func TestOptionFaults(t *testing.T) {
	t.Parallel()
	var other items
	for want, opts := range map[string][]httpxtest.CheckOption{
		"a nil option":                       {nil},
		"option Requests: 0 is not positive": {httpxtest.Requests(0)},
		"option Values: there is no value":   {httpxtest.Values("path:id")},
		"option Skip: the reason is empty":   {httpxtest.Skip(&other.Put, "")},
		"option Skip: the endpoint is not":   {httpxtest.Skip(&other.Put, "x")},
		"option Valid: the endpoint is not":  {httpxtest.Valid(&other.Put, item{})},
		"option Prepare: the function":       {httpxtest.Prepare(nil)},
		"option Handler: the handler is nil": {httpxtest.Handler(nil)},
		"option OnServer has no effect":      {httpxtest.Handler(http.NewServeMux()), httpxtest.OnServer(httpx.Use())},
		"option CallTimeout":                 {httpxtest.OnServer(httpx.CallTimeout(1))},
	} {
		r := check(t, &items{Put: keep}, opts...)
		require.True(t, r.fatal, want)
		require.Contains(t, strings.Join(r.errors, ""), want)
	}
	require.True(t, check(t, &items{}).fatal, "an endpoint is nil")
	require.True(t, check(t, nil).fatal)
	for _, c := range []struct {
		svc, client httpx.Service
		opts        []httpxtest.Option
	}{
		{&items{}, &items{}, nil},
		{&items{Put: keep}, nil, nil},
		{&items{Put: keep}, &items{}, []httpxtest.Option{nil}},
	} {
		r := &report{TB: t}
		func() {
			defer func() { require.Equal(t, stopped{}, recover()) }()
			httpxtest.Client(r, c.svc, c.client, c.opts...)
		}()
		require.True(t, r.fatal)
	}
}

// The fields of services within a service are checked and found as well, and stay as they are.
type outer struct {
	Inner *items
	Part  struct {
		Also items
		Near *items
	}
	Far *struct{ Deep *items }
}

func (o *outer) HTTP(r *httpx.Routes) {
	o.Inner.HTTP(r.Under("/inner"))
	o.Part.Also.HTTP(r.Under("/also", httpx.Named("also")))
	o.Part.Near.HTTP(r.Under("/near", httpx.Named("near")))
	o.Far.Deep.HTTP(r.Under("/far", httpx.Named("far")))
}

func TestServiceWithin(t *testing.T) {
	t.Parallel()
	one, two, three, four := new(keeping), new(keeping), new(keeping), new(keeping)
	svc := &outer{Inner: &items{Put: one.put}, Far: &struct{ Deep *items }{&items{Put: three.put}}}
	svc.Part.Also.Put, svc.Part.Near = two.put, &items{Put: four.put}
	require.Empty(t, check(t, svc).errors)
	require.NotEmpty(t, one.all)
	require.NotEmpty(t, two.all)
	for k, e := range map[*keeping]*items{one: svc.Inner, two: &svc.Part.Also, three: svc.Far.Deep, four: svc.Part.Near} {
		require.NotEmpty(t, k.all)
		_, err := e.Put(t.Context(), item{"direct", 0})
		require.NoError(t, err)
		require.Equal(t, item{"direct", 0}, k.all[len(k.all)-1], "the service is not changed")
	}
	two.all = nil
	require.Empty(t, check(t, svc, httpxtest.Skip(&svc.Part.Also.Put, "x")).errors)
	require.Empty(t, two.all)
}

// An endpoint that is nil by Partial is left out.
type partial struct {
	Put endpoint.Endpoint[item, itemReply]
}

func (p *partial) HTTP(r *httpx.Routes) { r.POST("/items", &p.Put, httpx.Partial()) }

func TestPartial(t *testing.T) {
	t.Parallel()
	require.Empty(t, check(t, new(partial)).errors)
}

// A listing has parameters with defaults, which the client leaves out where they are zero.
type listing struct {
	Lang  string `cookie:"lang" default:"en"`
	Limit int    `query:"limit" default:"20" maximum:"50"`
	Kind  string `header:"X-Kind" maxLength:"3"`
}

type listings struct {
	List endpoint.Endpoint[listing, endpoint.Empty]
}

func (s *listings) HTTP(r *httpx.Routes) { r.GET("/", &s.List) }

func TestDefaults(t *testing.T) {
	t.Parallel()
	svc := &listings{List: func(context.Context, listing) (endpoint.Empty, error) { return endpoint.Empty{}, nil }}
	require.Empty(t, check(t, svc, httpxtest.Values("cookie:lang", "", "de"), httpxtest.Values("query:limit", "0", "9")).errors)
}
