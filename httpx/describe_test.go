package httpx_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/httpx"
)

type planned struct {
	Get    endpoint.Endpoint[plannedGet, plannedAnswer]
	Put    endpoint.Endpoint[plannedPut, endpoint.Empty]
	Delete endpoint.Endpoint[plannedDelete, endpoint.Empty]
	Watch  endpoint.Endpoint[endpoint.Empty, endpoint.Stream[ruledRoom]]
	Upload endpoint.Endpoint[endpoint.Stream[ruledRoom], ruledRoom]
}

type plannedGet struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" default:"3"`
	Key   string `header:"x-key" required:"true"`
}

type plannedAnswer struct {
	Status int       `status:"true"`
	ETag   string    `header:"ETag"`
	Room   ruledRoom `body:"true"`
}

type plannedPut struct {
	File string                    `path:"file"`
	Body codec.Optional[ruledRoom] `body:"true"`
}

type plannedDelete struct {
	ID string `path:"id"`
}

type plannedError struct {
	Message string `json:"message"`
}

var errPlanned = endpoint.Define(endpoint.NotFound, "rooms", "NO_ROOM", "no such room")

func (s *planned) HTTP(r *httpx.Routes) {
	r = r.Under("/v1")
	r.GET("/rooms/{id}", &s.Get, httpx.Fails(errPlanned))
	r.PUT("/files/{file...}", &s.Put, httpx.Status(204))
	r.DELETE("/rooms/{id}", &s.Delete, httpx.MapErrors(func(*endpoint.Error) (int, plannedError) { return 0, plannedError{} }, func(int, plannedError) *endpoint.Error { return nil }))
	r.ServerStream("GET", "/watch", &s.Watch)
	r.ClientStream("POST", "/upload", &s.Upload)
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	routes, err := httpx.Describe(new(planned), httpx.Formats(codec.JSON(), cbor.Format()))
	require.NoError(t, err)
	require.Len(t, routes, 5)
	room := reflect.TypeFor[ruledRoom]()
	both := []string{"application/json", "application/cbor"}

	get := routes[0]
	require.Equal(t, "/v1/rooms/{id}", get.Operation.Pattern)
	require.Equal(t, "planned.Get", get.Field)
	require.Equal(t, 404, get.Operation.StatusOf(get.Operation.Fails[0]))
	require.Equal(t, []httpx.Segment{{Literal: "v1"}, {Literal: "rooms"}, {Name: "id"}}, get.Segments)
	require.Nil(t, get.Request.Body)
	var params []any
	for _, p := range get.Request.Parameters {
		params = append(params, p.In, p.Name, p.Field.Name, p.Field.Index, p.Required)
	}
	require.Equal(t, []any{"path", "id", "ID", []int{0}, true, "query", "limit", "Limit", []int{1}, false, "header", "x-key", "Key", []int{2}, true}, params)
	require.Equal(t, 200, get.Response.Status)
	require.True(t, get.Response.OwnStatus)
	require.Len(t, get.Response.Parameters, 1)
	require.Equal(t, []any{room, "Room", both, true}, []any{get.Response.Body.Type, get.Response.Body.Field.Name, get.Response.Body.Media, get.Response.Body.Required})

	put := routes[1]
	require.Equal(t, httpx.Segment{Name: "file", Rest: true}, put.Segments[2])
	require.Equal(t, []any{room, false}, []any{put.Request.Body.Type, put.Request.Body.Required})
	require.Equal(t, 204, put.Response.Status)
	require.Nil(t, put.Response.Body)

	require.Nil(t, routes[2].Request.Body)
	require.Equal(t, []any{reflect.TypeFor[plannedError](), both}, []any{routes[2].ErrorBody, routes[2].ErrorMedia})

	require.Equal(t, httpx.Body{Type: room, Media: []string{"text/event-stream"}, Required: true, AllowUnknown: true}, *routes[3].Response.Body)
	require.Equal(t, httpx.Body{Type: room, Media: []string{"application/x-ndjson"}, Required: true}, *routes[4].Request.Body)
	require.Empty(t, routes[4].Request.Parameters)

	_, err = httpx.Describe(new(planned), httpx.ReadBudget(1))
	require.ErrorContains(t, err, "option ReadBudget")
	_, err = httpx.Describe(nil)
	require.Error(t, err)
}
