package contractguide

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// snippet: client

func newRooms() *Rooms {
	return &Rooms{
		Book: func(context.Context, Booking) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		List: func(context.Context, List) ([]Room, error) {
			return []Room{{Name: "Sea view", Kind: "double", Seats: 2}}, nil
		},
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var c Rooms
	httpxtest.Client(t, newRooms(), &c)
	rooms, err := c.List(t.Context(), List{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "Sea view", rooms[0].Name)
}

// end snippet

// snippet: check

func TestRooms(t *testing.T) {
	svc := newRooms()
	httpxtest.Check(t, svc, httpxtest.Valid(&svc.Book, Booking{Room{Name: "x", Kind: "single", Seats: 1}, Stay{monday, tuesday}}))
}

// end snippet

var (
	monday  = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
)

func TestOptions(t *testing.T) {
	t.Parallel()
	svc := newRooms()
	handler := http.NewServeMux()
	require.NoError(t, httpx.Mount(handler, svc))
	// snippet: options
	httpxtest.Check(t, svc,
		httpxtest.Handler(handler),
		httpxtest.Values("query:after", "123e4567-e89b-42d3-a456-426614174000"),
		httpxtest.Skip(&svc.Book, "it calls the bank"),
		httpxtest.Prepare(func(r *http.Request) { r.Header.Set("Authorization", "Bearer test") }))
	// end snippet
}

// snippet: answer

func TestRules(t *testing.T) {
	var c Rooms
	httpxtest.Client(t, newRooms(), &c)
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
	var c Rooms
	httpxtest.Client(t, newRooms(), &c)
	_, err := c.Book(t.Context(), Booking{Room{Name: "x", Kind: "single", Seats: 1}, Stay{monday, tuesday}})
	require.NoError(t, err)
	_, err = c.List(t.Context(), List{})
	require.NoError(t, err)
}
