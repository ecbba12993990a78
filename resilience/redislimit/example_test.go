package redislimit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

// A Query asks for the price of an item.
type Query struct {
	Item string `path:"item"`
}

// A Price is what an item costs.
type Price struct {
	Cents int `json:"cents"`
}

// Prices is the service of the example.
type Prices struct {
	Get endpoint.Endpoint[Query, Price]
}

// HTTP describes the service.
func (s *Prices) HTTP(r *httpx.Routes) { r.GET("/prices/{item}", &s.Get) }

// snippet: client

// connect returns a client that gives up a question together with the Throttle, which
// frees its connection.
func connect(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
}

// end snippet

// snippet: quota

// serve lets each client make 100 calls a second and 20 at once, in all processes that
// use the same Redis. The Limiter bounds what passes while Redis is away.
func serve(mux *http.ServeMux, svc *Prices, client redis.UniversalClient) error {
	return httpx.Mount(mux, svc, httpx.Use(resilience.ServerStack(
		resilience.NewQuota(redislimit.New(client, "prices", 100, 20), resilience.KeyBy(resilience.ClientKey)),
		resilience.NewLimiter(1000, 200),
	)...))
}

// end snippet

// snippet: take

// remaining takes a token and tells the caller how many are left.
func remaining(ctx context.Context, throttle *redislimit.Throttle, user string) (int, error) {
	answer, err := throttle.Take(ctx, user)
	if err != nil {
		return 0, err // Redis is away, or ctx has ended
	}
	return answer.Remaining, nil
}

// end snippet

// TestReadme runs the code of README.md.
func TestReadme(t *testing.T) {
	t.Parallel()
	client := connect(newServer(t).addr)
	t.Cleanup(func() { _ = client.Close() })
	svc := Prices{Get: func(context.Context, Query) (Price, error) { return Price{Cents: 7}, nil }}
	mux := http.NewServeMux()
	require.NoError(t, serve(mux, &svc, client))
	get := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/prices/tea", http.NoBody))
		return w
	}
	require.Equal(t, http.StatusOK, get().Code)
	var last *httptest.ResponseRecorder
	eventually(t, "a call is refused", func() bool {
		for range 50 {
			if last = get(); last.Code == http.StatusTooManyRequests {
				return true
			}
		}
		return false
	})
	require.Equal(t, "1", last.Header().Get("Retry-After"))

	throttle := redislimit.New(client, "readme", slow, 3, redislimit.Timeout(patience))
	left, err := remaining(t.Context(), throttle, "ada")
	require.NoError(t, err)
	require.Equal(t, 2, left)
}
