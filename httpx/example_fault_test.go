package httpx_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

type seat struct {
	Row  int    `path:"row" minimum:"1"`
	Name string `json:"name" required:"true" minLength:"1"`
}

// seating has a route with examples.
type seating struct {
	Take  endpoint.Endpoint[seat, endpoint.Empty]
	Watch endpoint.Endpoint[endpoint.Empty, endpoint.Stream[int]]

	examples []httpx.RouteOption
}

func (s *seating) HTTP(r *httpx.Routes) {
	r.PUT("/seats/{row}", &s.Take, s.examples...)
	r.ServerStream("GET", "/seats", &s.Watch, httpx.Example("an item", endpoint.Empty{}, 7))
}

func TestExample(t *testing.T) {
	t.Parallel()
	none := endpoint.Empty{}
	good := httpx.Example("good", seat{3, "Ann"}, none)
	routes, err := httpx.Describe(&seating{examples: []httpx.RouteOption{good, httpx.Example("other", seat{4, "Bob"}, none)}})
	require.NoError(t, err)
	require.Equal(t, []httpx.RouteExample{{Name: "good", Request: seat{3, "Ann"}, Response: none}, {Name: "other", Request: seat{4, "Bob"}, Response: none}}, routes[0].Examples)
	require.Len(t, routes[1].Examples, 1)
	for want, ex := range map[string]httpx.RouteOption{
		`"": the name is empty`:              httpx.Example("", seat{3, "Ann"}, none),
		`"good": there are two of this name`: good,
		`"x": the types are int and httpx_test.seat, want httpx_test.seat and endpoint.Empty`: httpx.Example("x", 1, seat{}),
		`"x": the request breaks a rule at path:row: must be at least 1`:                      httpx.Example("x", seat{0, "Ann"}, none),
		`"x": the request breaks a rule at /name: must have at least 1 character`:             httpx.Example("x", seat{1, ""}, none),
	} {
		_, err := httpx.Describe(&seating{examples: []httpx.RouteOption{good, ex}})
		require.EqualError(t, err, "httpx: seating.Take: option Example: "+want)
	}
}
