package bookings_test

import (
	"testing"

	"github.com/typedkit/endpoint/examples/guides/bookings"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, bookings.New(bookings.NewStore()), httpxtest.Values("path:name", "sea", "hall"))
}
