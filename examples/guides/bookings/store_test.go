package bookings_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/guides/bookings"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// serve serves store at addr until stop is called.
func serve(t *testing.T, store *bookings.Store, addr string) (url string, stop func()) {
	t.Helper()
	lines := programtest.NewAnnouncements()
	s, r := server.New("bookings", server.Log(slog.New(slog.DiscardHandler)), server.Announce(lines)), chi.NewRouter()
	layers := append([]endpoint.Layer{s}, resilience.ServerStack()...)
	require.NoError(t, httpx.Mount(r, bookings.New(store), httpx.Use(layers...)))
	s.Add(server.HTTP(addr, httpx.Problems(r)))
	stop = programtest.RunServer(t, s)
	return "http://" + lines.Addr(t, "HTTP"), stop
}

func dial(t *testing.T, url string) *bookings.Rooms {
	t.Helper()
	var c bookings.Rooms
	conn := httpx.To(url)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, httpx.Client(conn, &c, httpx.Use(resilience.ClientStack()...)))
	return &c
}

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestRooms(t *testing.T) {
	t.Parallel()
	url, stop := serve(t, bookings.NewStore(), "localhost:0")
	defer stop()
	c, ctx := dial(t, url), t.Context()

	red := bookings.Room{Name: "red", Kind: bookings.Large, Seats: 12}
	stored, err := c.Put(ctx, bookings.Put{Name: "red", Room: red})
	require.NoError(t, err)
	require.Equal(t, bookings.Stored{Status: http.StatusCreated, Room: red}, stored)
	stored, err = c.Put(ctx, bookings.Put{Name: "red", Room: red})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, stored.Status)
	stored, err = c.Put(ctx, bookings.Put{Name: "a/b ü", Room: bookings.Room{Name: "a/b ü"}})
	require.NoError(t, err)
	require.Equal(t, bookings.Room{Name: "a/b ü", Seats: 4}, stored.Room, "a zero of a member with a default is not sent")

	found, err := c.List(ctx, bookings.List{})
	require.NoError(t, err)
	require.Len(t, found.Rooms, 2)
	require.Equal(t, "en", found.Lang)
	large := bookings.Large
	found, err = c.List(ctx, bookings.List{Kind: &large, Seats: 10, Free: noon, Lang: "de"})
	require.NoError(t, err)
	require.Equal(t, bookings.Found{Rooms: []bookings.Room{red}, Lang: "de"}, found)

	change := bookings.Change{Name: "red", Note: codec.Some("beamer"), Kind: codec.Some(bookings.Small)}
	room, err := c.Change(ctx, change)
	require.NoError(t, err)
	require.Equal(t, bookings.Room{Name: "red", Seats: 12, Note: "beamer"}, room)
	change = bookings.Change{Name: "red"}
	change.Note.SetNull()
	room, err = c.Change(ctx, change)
	require.NoError(t, err)
	require.Empty(t, room.Note)

	booked, err := c.Book(ctx, bookings.Book{Name: "red", Start: noon})
	require.NoError(t, err)
	require.Equal(t, bookings.Booking{ID: 1, Room: "red", Start: noon, Length: time.Hour}, booked)
	_, err = c.Book(ctx, bookings.Book{Name: "red", Start: noon.Add(time.Minute)})
	require.ErrorIs(t, err, bookings.ErrTaken)
	found, err = c.List(ctx, bookings.List{Free: noon})
	require.NoError(t, err)
	require.Equal(t, "a/b ü", found.Rooms[0].Name)
	require.Len(t, found.Rooms, 1)

	_, err = c.Delete(ctx, bookings.ByName{Name: "a/b ü"})
	require.NoError(t, err)
	_, err = c.Get(ctx, bookings.ByName{Name: "a/b ü"})
	require.ErrorIs(t, err, bookings.ErrNoRoom)
}

// TestRoomsFaults sends invalid requests, and wants all faults of each in one response.
func TestRoomsFaults(t *testing.T) {
	t.Parallel()
	url, stop := serve(t, bookings.NewStore(), "localhost:0")
	defer stop()
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		faults             []string
	}{
		"parameters": {"GET", "/rooms?kind=huge&seats=x&free=noon", "", 400, []string{
			`"parameter":"query:kind","detail":"must be one of small, large"`, `"parameter":"query:seats"`, `"parameter":"query:free"`,
		}},
		"a body":      {"PUT", "/rooms/red", `{"kind":"huge","seats":null,"nope":1}`, 400, []string{`"pointer":"/kind"`, `"pointer":"/seats"`, `"pointer":"/nope"`, `"pointer":"/name","detail":"`}},
		"a member":    {"PATCH", "/rooms/red", `{"seats":"many"}`, 400, []string{`"pointer":"/seats","detail":"must be`}},
		"no route":    {"GET", "/cellars", "", 404, []string{"NO_ROUTE"}},
		"not allowed": {"POST", "/rooms/red", "", 405, []string{"METHOD_NOT_ALLOWED"}},
		"no start":    {"POST", "/rooms/red/bookings", `{"length":"soon"}`, 400, []string{`"pointer":"/start"`, `"pointer":"/length"`}},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, url+tt.path, strings.NewReader(tt.body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, tt.status, resp.StatusCode, "%s: %s", name, body)
		for _, want := range tt.faults {
			require.Contains(t, string(body), want, name)
		}
	}
}

// TestRollingRestart reads the feed while one server after another stops, and bookings are
// made all the time. No booking is lost and none comes twice.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	store := bookings.NewStore()
	url, stop := serve(t, store, "localhost:0")
	addr := strings.TrimPrefix(url, "http://")
	c := dial(t, url)
	_, err := c.Put(t.Context(), bookings.Put{Name: "red", Room: bookings.Room{Name: "red"}})
	require.NoError(t, err)

	const n = 40
	seen := make(chan bookings.Booking)
	ended := make(chan error, 1)
	go func() {
		feed, err := c.Feed(t.Context(), bookings.Feed{})
		for b, failed := range feed {
			if failed != nil {
				err = failed
				break
			}
			if seen <- b; b.ID == n {
				break
			}
		}
		ended <- err
	}()
	colleague := bookings.New(store) // of another server at the same database
	for i := range n {
		if i%10 == 5 {
			stop()
		}
		booked, err := colleague.Book(t.Context(), bookings.Book{Name: "red", Start: noon.Add(time.Duration(i) * time.Hour), Length: time.Hour})
		require.NoError(t, err)
		if i%10 == 5 {
			_, stop = serve(t, store, addr)
		}
		select {
		case b := <-seen:
			require.Equal(t, booked, b)
		case err := <-ended:
			require.NoError(t, err, "the feed has ended")
		}
	}
	require.NoError(t, <-ended)
	stop()
}
