package serverguide

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := server.New("shop", server.Log(slog.New(slog.DiscardHandler)))
	addAdmin(s, http.NotFoundHandler(), discover.New(httpx.Dialer()), resilience.NewBreaker(5), observe.NewSLO(observe.Objective{Availability: 0.999}))
	require.NoError(t, s.Err())
}
