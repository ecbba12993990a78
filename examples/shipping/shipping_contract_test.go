package shipping_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	st := store.New()
	require.NoError(t, st.Seed(now))
	finder := routing.NewPathfinder(func() time.Time { return now })
	services, _ := shipping.New(st, finder.Routes)
	httpxtest.Check(t, services,
		httpxtest.Values("path:id", "ABC123", "FTL456"),
		httpxtest.Values("/tracking_id", "ABC123", "FTL456"),
		httpxtest.Values("/origin", "SESTO", "CNHKG"),
		httpxtest.Values("/destination", "SESTO", "CNHKG"),
		httpxtest.Values("/event_type", "Receive", "Load", "Claim"))
	httpxtest.Check(t, finder)
}
