package taskguide

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// snippet: handler

func TestPlace(t *testing.T) {
	placed, err := place(t.Context(), Order{Item: "book", Qty: 1})
	require.NoError(t, err)
	require.Equal(t, "book", placed.ID)

	_, err = place(t.Context(), Order{Item: "moon", Qty: 1})
	require.ErrorIs(t, err, ErrSoldOut)
}

// end snippet

// snippet: wire

func TestPlaceOverHTTP(t *testing.T) {
	var c Shop
	httpxtest.Client(t, &Shop{Place: place}, &c)
	_, err := c.Place(t.Context(), Order{Item: " ", Qty: 101})
	require.ErrorIs(t, err, httpx.ErrInvalidRequest)
	require.Equal(t, []endpoint.Violation{
		{Pointer: "/item", Detail: "must match the pattern [^ ]"},
		{Pointer: "/qty", Detail: "must be at most 100"},
	}, endpoint.ErrorOf(err).Violations())

	_, err = c.Place(t.Context(), Order{Item: "book", Qty: 11, Gift: true})
	require.Equal(t, []endpoint.Violation{{Detail: "a gift is at most 10 items"}}, endpoint.ErrorOf(err).Violations())
}

// end snippet

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{"192.0.2.7": "192.0.2.7:0", "2001:db8::1": "[2001:db8::1]:0", "": "proxy:1", "x": "proxy:1"} {
		h := clientAddress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = "proxy:1"
		r.Header.Set("X-Real-Ip", sent)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Body.String(), sent)
	}
}
