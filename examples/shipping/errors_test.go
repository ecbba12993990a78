package shipping_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping"
	"github.com/typedkit/endpoint/examples/shipping/booking"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
	"github.com/typedkit/endpoint/httpx"
)

// TestErrors has every error of the services reach the client of the bodies of go-kit's
// example.
func TestErrors(t *testing.T) {
	t.Parallel()
	violation := endpoint.Violation{Pointer: "/origin", Detail: "is wrong"}
	for _, sent := range []*endpoint.Error{
		cargo.ErrUnknown, cargo.ErrTooManyEvents, fault.ErrInvalidArgument, location.ErrUnknown,
		routing.ErrUnavailable, store.ErrFull, voyage.ErrUnknown,
	} {
		t.Run(sent.Reason(), func(t *testing.T) {
			t.Parallel()
			services, _ := shipping.New(store.New(), nil)
			services.Booking.Book = func(context.Context, booking.BookRequest) (booking.Booked, error) {
				return booking.Booked{}, sent.WithViolations(violation)
			}
			r := chi.NewRouter()
			require.NoError(t, httpx.Mount(r, services))
			web := httptest.NewServer(r)
			t.Cleanup(web.Close)
			var c shipping.Services
			require.NoError(t, httpx.Client(httpx.To(web.URL), &c))
			_, err := c.Booking.Book(t.Context(), booking.BookRequest{})
			require.ErrorIs(t, err, sent)
			got := endpoint.ErrorOf(err)
			require.Equal(t, sent.Code(), got.Code())
			require.Equal(t, []endpoint.Violation{violation}, got.Violations())
		})
	}
}

// TestKitErrors reads errors of go-kit's example, which has 500 where it knows no better.
func TestKitErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		want   error
		code   endpoint.Code
	}{
		{404, `{"error":"unknown cargo"}`, cargo.ErrUnknown, endpoint.NotFound},
		{500, `{"error":"unknown location"}`, location.ErrUnknown, endpoint.InvalidArgument},
		{500, `{"error":"boom"}`, nil, endpoint.Internal},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body + "\n"))
		}))
		t.Cleanup(web.Close)
		var c shipping.Services
		require.NoError(t, httpx.Client(httpx.To(web.URL), &c))
		_, err := c.Booking.Load(t.Context(), booking.ByID{ID: "X"})
		require.Equal(t, tt.code, endpoint.CodeOf(err), tt.body)
		require.True(t, tt.want == nil || errors.Is(err, tt.want), tt.body)
	}
}
