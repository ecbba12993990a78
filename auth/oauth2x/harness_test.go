package oauth2x_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/auth/oauth2x"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const secret = "s3cret/+&canary"

type app struct{ name string }

func (a app) Principal() string { return a.name }

type shop struct {
	Order endpoint.Endpoint[endpoint.Empty, string]

	apps *auth.Bearer[app]
}

func (s *shop) HTTP(r *httpx.Routes) { r.POST("/order", &s.Order, httpx.Requires(s.apps)) }

// A world is a token server, and a shop that takes its tokens: "token-1", "token-2" and so on.
type world struct {
	apps   *auth.Bearer[app]
	client *http.Client // which dials both

	mu      sync.Mutex // guards the fields below
	answer  http.HandlerFunc
	lasts   time.Duration
	given   int             // tokens
	revoked map[string]bool // tokens
	served  int
	refused int
}

// newWorld serves in memory until the test ends, also in a synctest bubble.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{apps: &auth.Bearer[app]{Name: "apps"}, lasts: time.Hour, revoked: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", w.token)
	require.NoError(t, httpx.Mount(mux, &shop{Order: w.order, apps: w.apps}, httpx.Use(w.apps.Verify(w.verify))))
	listener := endpointtest.NewListener()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Hour}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	w.client = &http.Client{Transport: &http.Transport{DialContext: listener.Dial, DisableKeepAlives: true}}
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return w
}

// token answers a request of the client "billing" (RFC 6749 §4.4.2).
func (w *world) token(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answer != nil {
		w.answer(out, r)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	if err := r.ParseForm(); err != nil || r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("scope") != "orders:write" ||
		r.Form.Get("client_id") != "billing" || r.Form.Get("client_secret") != secret {
		out.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(out, `{"error":"invalid_client","error_description":%q}`, "not with "+r.Form.Get("client_secret"))
		return
	}
	w.given++
	_, _ = fmt.Fprintf(out, `{"access_token":"token-%d","token_type":"bearer","expires_in":%d}`, w.given, int(w.lasts/time.Second))
}

// verify takes the tokens that were given and not revoked.
func (w *world) verify(_ context.Context, token string) (app, []string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := range w.given {
		if token == "token-"+strconv.Itoa(n+1) && !w.revoked[token] {
			return app{token}, nil, nil
		}
	}
	w.refused++
	return app{}, nil, errors.New("unknown")
}

func (w *world) order(ctx context.Context, _ endpoint.Empty) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.served++
	a, _ := w.apps.From(ctx)
	return a.name, nil
}

// set changes the world.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// counts returns how many tokens were given, calls served, and calls refused.
func (w *world) counts() [3]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return [3]int{w.given, w.served, w.refused}
}

func config() *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID: "billing", ClientSecret: secret, TokenURL: "http://login.test/token",
		Scopes: []string{"orders:write"}, AuthStyle: oauth2.AuthStyleInParams,
	}
}

// connect returns a client of the shop with layers outside the one that sends tokens.
func (w *world) connect(t *testing.T, c *clientcredentials.Config, layers ...endpoint.Layer) *shop {
	t.Helper()
	tokens, err := oauth2x.ClientCredentials(c, oauth2x.HTTPClient(w.client))
	require.NoError(t, err)
	s := &shop{apps: w.apps}
	require.NoError(t, httpx.Client(httpx.To("http://shop.test", httpx.HTTPClient(w.client)), s, httpx.Use(append(layers, w.apps.Send(tokens))...)))
	return s
}
