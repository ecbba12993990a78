package contractguide

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

func client(t *testing.T) *Rooms {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Rooms{
		Book: func(context.Context, Booking) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		List: func(context.Context, List) ([]Room, error) { return nil, nil },
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c := new(Rooms)
	require.NoError(t, httpx.Client(httpx.To(server.URL), c))
	return c
}

// snippet: answer

func TestRules(t *testing.T) {
	c := client(t)
	email := "ann"
	_, err := c.Book(t.Context(), Booking{Kind: "triple", Seats: 501, Tags: []string{"sea", "sea", "Top"}, Email: &email})
	require.ErrorIs(t, err, httpx.ErrInvalidRequest)
	require.Equal(t, []endpoint.Violation{
		{Pointer: "/name", Detail: "must have at least 1 character"},
		{Pointer: "/kind", Detail: "must be one of single, double"},
		{Pointer: "/seats", Detail: "must be at most 500"},
		{Pointer: "/tags/1", Detail: "must not be equal to another item"},
		{Pointer: "/tags/2", Detail: "must match the pattern ^[a-z]+$"},
		{Pointer: "/email", Detail: "must be an e-mail address"},
		{Pointer: "/stay", Detail: "from must be before to"},
	}, endpoint.ErrorOf(err).Violations())

	_, err = c.List(t.Context(), List{Limit: 101, After: codec.Some("x")})
	require.Equal(t, []endpoint.Violation{
		{Parameter: "query:limit", Detail: "must be at most 100"},
		{Parameter: "query:after", Detail: "must be a UUID"},
	}, endpoint.ErrorOf(err).Violations())
}

// end snippet

func TestValid(t *testing.T) {
	t.Parallel()
	c := client(t)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := c.Book(t.Context(), Booking{Room{Name: "x", Kind: "single", Seats: 1}, Stay{now, now.Add(time.Hour)}})
	require.NoError(t, err)
	_, err = c.List(t.Context(), List{})
	require.NoError(t, err)
}
