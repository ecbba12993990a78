package transport

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/server"
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

func TestRPC(t *testing.T) {
	t.Parallel()
	lines := programtest.NewAnnouncements()
	s := server.New("rooms", server.Log(slog.New(slog.DiscardHandler)), server.Announce(lines))
	require.NoError(t, serve(s, "127.0.0.1:0", "127.0.0.1:0", newRooms()))
	programtest.RunServer(t, s)
	for _, form := range []struct {
		name string // in the order of the announcements
		opts []netrpcx.Option
	}{{"net/rpc", nil}, {"net/rpc in JSON", []netrpcx.Option{netrpcx.JSON()}}} {
		c, conn, err := connect(lines.Addr(t, form.name), form.opts...)
		require.NoError(t, err)
		r, err := c.Book(t.Context(), Booking{Room: "garden", Seats: 7})
		require.NoError(t, err)
		require.Equal(t, Receipt{7}, r)
		_, err = c.Book(t.Context(), Booking{Room: "taken"})
		require.ErrorIs(t, err, ErrTaken)
		free, err := c.Free(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		require.Equal(t, []string{"garden"}, free)
		require.NoError(t, conn.Close())
	}
}
