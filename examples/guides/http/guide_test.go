package httpguide

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

func newShop() *Shop {
	return &Shop{
		Search: func(_ context.Context, s Search) (Found, error) {
			return Found{Orders: []Order{{ID: s.Shop, Item: s.Text, Note: s.Agent}}}, nil
		},
		Place: func(ctx context.Context, p Place) (Placed, error) {
			if p.Item == "moon" {
				return Placed{}, ErrSoldOut
			}
			id := endpoint.CallFrom(ctx).Header().Get("Idempotency-Key")
			return Placed{Status: http.StatusCreated, Location: "/shops/" + p.Shop + "/orders/" + id, ID: id}, nil
		},
		Replace: func(context.Context, Replace) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		Change: func(_ context.Context, c Change) (Order, error) {
			o := Order{ID: c.ID, Item: "book", Note: "gift"}
			c.apply(&o)
			return o, nil
		},
		Login: func(_ context.Context, l Login) (Session, error) { return Session{ID: l.User}, nil },
		Photo: func(_ context.Context, p Photo) ([]byte, error) { return []byte(p.Path), nil },
	}
}

func TestGuide(t *testing.T) {
	t.Parallel()
	h, err := mount(http.NewServeMux(), newShop(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server := httptest.NewTLSServer(h)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	shop, err := dial(server.URL, &tls.Config{RootCAs: roots})
	require.NoError(t, err)

	location, err := place(t.Context(), shop, "a book")
	require.NoError(t, err)
	require.Equal(t, "/shops/books/orders/a book", location)
	_, err = place(t.Context(), shop, "moon")
	require.ErrorIs(t, err, ErrSoldOut)

	found, err := shop.Search(t.Context(), Search{Shop: "a/b", Text: "ü & co", Agent: "guide", Limit: 5})
	require.NoError(t, err)
	require.Equal(t, Found{Orders: []Order{{ID: "a/b", Item: "ü & co", Note: "guide"}}}, found)

	change := Change{Shop: "books", ID: "7", Item: codec.Some("map")}
	change.Note.SetNull()
	o, err := shop.Change(t.Context(), change)
	require.NoError(t, err)
	require.Equal(t, Order{ID: "7", Item: "map"}, o)

	_, err = shop.Replace(t.Context(), Replace{Shop: "books", ID: "7", Order: o})
	require.NoError(t, err)
	session, err := shop.Login(t.Context(), Login{User: "ann", Password: "x&y"})
	require.NoError(t, err)
	require.Equal(t, Session{ID: "ann"}, session)
	photo, err := shop.Photo(t.Context(), Photo{Path: "2026/a b.png"})
	require.NoError(t, err)
	require.Equal(t, "2026/a b.png", string(photo))
}

// TestProtect has pages of three origins log in.
func TestProtect(t *testing.T) {
	t.Parallel()
	h, err := mount(http.NewServeMux(), newShop(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	h, err = protect(h, "https://shop.example")
	require.NoError(t, err)
	for origin, want := range map[string]int{"http://example.com": http.StatusOK, "https://shop.example": http.StatusOK, "https://evil.example": http.StatusForbidden} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", strings.NewReader("user=ann&password=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, origin)
	}
	_, err = protect(h, "shop.example")
	require.ErrorContains(t, err, "scheme is required")
}

// TestBranches has a service twice, one of them not there yet, over HTTP/2
// without TLS, counted on both ends.
func TestBranches(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	count := counting(func(operation string, status int) {
		mu.Lock()
		defer mu.Unlock()
		seen[operation+" "+strconv.Itoa(status)]++
	})
	mux := http.NewServeMux()
	b := &Branches{Books: Shelf{func(context.Context, endpoint.Empty) (Counted, error) { return Counted{7}, nil }}}
	require.NoError(t, httpx.Mount(mux, b, httpx.Use(count)))
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	plain, shared, err := dialMore(server.URL, server.Client(), count)
	require.NoError(t, err)
	for _, c := range []*Branches{plain, shared} {
		got, err := c.Books.Count(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		require.Equal(t, Counted{7}, got)
		_, err = c.Toys.Count(t.Context(), endpoint.Empty{})
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	}
	require.Equal(t, map[string]int{"Count 200": 4, "Count 501": 4}, seen)
}

// TestBranchesUnder has both routers answer with problems, through the layers.
func TestBranchesUnder(t *testing.T) {
	t.Parallel()
	var seen []string
	count := counting(func(operation string, status int) { seen = append(seen, operation+" "+strconv.Itoa(status)) })
	b := &Branches{Books: Shelf{func(context.Context, endpoint.Empty) (Counted, error) { return Counted{7}, nil }}}
	h, err := mountUnder(http.NewServeMux(), b, count)
	require.NoError(t, err)
	for _, tt := range []struct {
		method, path, seen, body string
	}{
		{"GET", "/branches/books/count", "Count 200", `{"n":7}`},
		{"GET", "/branches/nothing", "Problems 404", `"reason":"NO_ROUTE"`},
		{"PUT", "/branches/books/count", "Problems 405", `"reason":"METHOD_NOT_ALLOWED"`},
		{"GET", "/nothing", "Problems 404", `"reason":"NO_ROUTE"`},
	} {
		seen = nil
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil))
		require.Equal(t, []string{tt.seen}, seen, tt.path)
		require.Contains(t, w.Body.String(), tt.body)
	}
}

// TestErrors has errors in an older form, and those of a server that is not ours.
func TestErrors(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &OldShop{Place: newShop().Place}))
	server := httptest.NewServer(httpx.Problems(mux, oldErrors))
	defer server.Close()
	var shop OldShop
	require.NoError(t, httpx.Client(httpx.To(server.URL), &shop))
	_, err := shop.Place(t.Context(), Place{Shop: "books", Item: "moon"})
	require.ErrorIs(t, err, ErrSoldOut)
	_, err = shop.Place(t.Context(), Place{Shop: "books"})
	require.NoError(t, err)

	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Error(w, "sold out today", http.StatusConflict)
			return
		}
		http.Error(w, "go away", http.StatusForbidden)
	}))
	defer foreign.Close()
	other, err := dialForeign(foreign.URL)
	require.NoError(t, err)
	_, err = other.Place(t.Context(), Place{Shop: "books"})
	require.ErrorIs(t, err, ErrSoldOut)
	_, err = other.Search(t.Context(), Search{Shop: "books"})
	require.Equal(t, endpoint.PermissionDenied, endpoint.CodeOf(err))
}

// TestReport has errors of every kind: the hook of the guide reports each 5xx, and nothing
// else.
func TestReport(t *testing.T) {
	t.Parallel()
	behind := endpoint.FromWire(endpoint.NotFound, "stock", "NO_ITEM", "no such item") // not declared here
	for name, tt := range map[string]struct {
		err    error
		status int
	}{
		"an opaque error":         {errors.New("the database is down"), 500},
		"an undeclared one":       {behind, 500},
		"made of one":             {fmt.Errorf("search: %w", behind), 500},
		"not built":               {endpoint.Errorf(endpoint.Unimplemented, "later"), 501},
		"unavailable":             {endpoint.Errorf(endpoint.Unavailable, "restarting"), 503},
		"too late":                {context.DeadlineExceeded, 504},
		"a fault of the caller":   {endpoint.Errorf(endpoint.NotFound, "no such shop"), 404},
		"a caller that gave up":   {context.Canceled, 499},
		"a limit of this process": {endpoint.Errorf(endpoint.ResourceExhausted, "too many"), 429},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := newShop()
			shop.Search = func(context.Context, Search) (Found, error) { return Found{}, tt.err }
			var log strings.Builder
			h, err := mount(http.NewServeMux(), shop, slog.New(slog.NewTextHandler(&log, nil)))
			require.NoError(t, err)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/shops/books/orders", nil))
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.status >= 500, strings.Contains(log.String(), "operation=Search"), log.String())
		})
	}
}
