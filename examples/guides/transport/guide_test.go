package transport

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

func newRooms() *Rooms {
	return &Rooms{
		Book: func(_ context.Context, b Booking) (Receipt, error) {
			if b.Room == "taken" {
				return Receipt{}, ErrTaken
			}
			return Receipt{b.Seats}, nil
		},
		Free: func(context.Context, endpoint.Empty) ([]string, error) { return []string{"garden"}, nil },
	}
}

func TestJSONRPC(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, mount(mux, newRooms()))
	s := httptest.NewServer(mux)
	defer s.Close()
	r, err := book(t.Context(), s.URL+"/rpc", Booking{Room: "garden", Seats: 7})
	require.NoError(t, err)
	require.Equal(t, Receipt{7}, r)
	_, err = book(t.Context(), s.URL+"/rpc", Booking{Room: "taken"})
	require.ErrorIs(t, err, ErrTaken)
	_, err = book(t.Context(), ":", Booking{})
	require.Error(t, err)
}
