package httpx_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// faultyStream is a service of one field, described by a function.
type faultyStream[Req, Resp any] struct {
	Do       endpoint.Endpoint[Req, Resp]
	describe func(r *httpx.Routes, e *endpoint.Endpoint[Req, Resp])
}

func (s *faultyStream[Req, Resp]) HTTP(r *httpx.Routes) { s.describe(r, &s.Do) }

func faultOf[Req, Resp any](describe func(r *httpx.Routes, e *endpoint.Endpoint[Req, Resp])) httpx.Service {
	return &faultyStream[Req, Resp]{none[Req, Resp], describe}
}

type (
	itemWithQuery struct {
		Q string `query:"q"`
	}
	itemWithIDs struct {
		A int `json:"a" sse:"id"`
		B int `json:"b" sse:"id"`
	}
	itemWithTag struct {
		A int `json:"a" sse:"name"`
	}
	itemWithSlice struct {
		A []int `json:"a" sse:"id"`
	}
	itemWithChan struct {
		A chan int `json:"a"`
	}
)

func serverFault[T any](opts ...httpx.RouteOption) httpx.Service {
	return faultOf(func(r *httpx.Routes, e *endpoint.Endpoint[from, endpoint.Stream[T]]) {
		r.ServerStream("GET", "/a", e, opts...)
	})
}

func clientFault[T any](method, path string, opts ...httpx.RouteOption) httpx.Service {
	return faultOf(func(r *httpx.Routes, e *endpoint.Endpoint[endpoint.Stream[T], count1]) {
		r.ClientStream(method, path, e, opts...)
	})
}

func bidiFault[In, Out any](method string, opts ...httpx.RouteOption) httpx.Service {
	return faultOf(func(r *httpx.Routes, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]]) {
		r.Bidi(method, "/a", e, opts...)
	})
}

func TestStreamFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		svc  httpx.Service
		want string
	}{
		"parameter in ClientStream": {clientFault[itemWithQuery]("POST", "/a"), "field Q is tagged query; the items of a stream have no parameters"},
		"parameter in Bidi":         {bidiFault[itemWithQuery, count1]("POST"), "field Q is tagged query"},
		"parameter in Bidi's items": {bidiFault[count1, itemWithQuery]("POST"), "field Q is tagged query"},
		"parameter in ServerStream": {serverFault[itemWithQuery](), "field Q is tagged query"},
		"wildcard":                  {clientFault[count1]("POST", "/a/{id}"), `{id} in "/a/{id}": a request stream has no parameters`},
		"GET with a request stream": {clientFault[count1]("GET", "/a"), "a request stream is a body, and GET has none"},
		"GET with two":              {bidiFault[count1, count1]("GET"), "a request stream is a body, and GET has none"},
		"two ids":                   {serverFault[itemWithIDs](), "field B is a second id"},
		"another tag":               {serverFault[itemWithTag](), `field A: tag sse is "name", not id`},
		"an id of no form":          {serverFault[itemWithSlice](), "field A cannot be the id of an event"},
		"an item of no form":        {serverFault[itemWithChan](), "A"},
		"Resume without an id":      {serverFault[count1](httpx.Resume()), `option Resume: no field of the item is tagged sse:"id"`},
		"Resume without the header": {faultOf(func(r *httpx.Routes, e *endpoint.Endpoint[endpoint.Empty, endpoint.Stream[tick]]) {
			r.ServerStream("GET", "/a", e, httpx.Resume())
		}), `option Resume: no field of the request is tagged header:"Last-Event-ID"`},
		"Resume on Bidi":   {bidiFault[count1, tick]("POST", httpx.Resume()), "option Resume: it is for a response stream"},
		"RequestCodec":     {clientFault[count1]("POST", "/a", httpx.RequestCodec[count1](plain{})), "a stream has items in JSON"},
		"negative":         {serverFault[tick](httpx.Heartbeat(-1 * time.Second)), "option Heartbeat: -1s is negative"},
		"negative time":    {serverFault[tick](httpx.EventTimeout(-1 * time.Second)), "option EventTimeout: -1s is negative"},
		"a stream to POST": {faultOf(func(r *httpx.Routes, e *endpoint.Endpoint[endpoint.Stream[tick], count1]) { r.POST("/a", e) }), "ClientStream"},
		"a stream to GET":  {faultOf(func(r *httpx.Routes, e *endpoint.Endpoint[from, endpoint.Stream[tick]]) { r.GET("/a", e) }), "ServerStream"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for end, err := range map[string]error{
				"server": httpx.Mount(http.NewServeMux(), tt.svc), "client": httpx.Client(httpx.To("http://x"), tt.svc),
			} {
				require.ErrorContains(t, err, tt.want, end)
				require.ErrorContains(t, err, ".Do", end)
			}
		})
	}
}

// plain is a codec of numbers as text.
type plain struct{}

func (plain) MediaType() string                           { return "text/plain" }
func (plain) Append(dst []byte, _ count1) ([]byte, error) { return append(dst, '1'), nil }
func (plain) Decode([]byte, *count1) error                { return nil }
