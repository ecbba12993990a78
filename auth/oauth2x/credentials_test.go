package oauth2x_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/auth/oauth2x"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TestShared has many calls use one token, and the next one before it expires.
func TestShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.connect(t, config())
		call := func(want string) {
			t.Helper()
			got, err := c.Order(t.Context(), endpoint.Empty{})
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { call("token-1") })
		}
		all.Wait()
		require.Equal(t, [3]int{1, 50, 0}, w.counts())
		time.Sleep(59 * time.Minute)
		call("token-1") // and fetches the next one
		synctest.Wait()
		call("token-2")
		require.Equal(t, [3]int{2, 52, 0}, w.counts())
	})
}

// TestRefused revokes a token while many calls use it. A Retry repeats each of them with one
// new token, although the operation is not idempotent.
func TestRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.connect(t, config(), resilience.NewRetry(2))
		_, err := c.Order(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		w.set(func() { w.revoked["token-1"] = true })
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				got, err := c.Order(t.Context(), endpoint.Empty{})
				require.NoError(t, err)
				require.Equal(t, "token-2", got)
			})
		}
		all.Wait()
		got := w.counts()
		require.Equal(t, 2, got[0], "tokens")
		require.Equal(t, 51, got[1], "calls that were served")
		require.LessOrEqual(t, got[2], 50, "calls that were refused")
		require.Positive(t, got[2])
	})
}

// TestFailures has token servers that give no token. The errors have codes by which a Retry
// knows whether to repeat the call, and no secret.
func TestFailures(t *testing.T) {
	t.Parallel()
	say := func(status int, kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	const inJSON = "application/json"
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		change func(c *clientcredentials.Config)
		code   endpoint.Code
		want   string
	}{
		"a wrong secret": {nil, func(c *clientcredentials.Config) { c.ClientSecret += "canary" }, endpoint.Internal, "the server answered 401 Unauthorized: invalid_client not with "},
		"by both styles": {nil, func(c *clientcredentials.Config) { c.ClientID, c.AuthStyle = "x", oauth2.AuthStyleAutoDetect }, endpoint.Internal, "401 Unauthorized: invalid_client"},
		"a wrong scope":  {nil, func(c *clientcredentials.Config) { c.Scopes = nil }, endpoint.Internal, "the server answered 401"},
		"out of order":   {say(500, "text/html", "<canary>"), nil, endpoint.Unavailable, "the server answered 500"},
		"too many":       {say(429, inJSON, `{"error":"slow_down"}`), nil, endpoint.Unavailable, "429 Too Many Requests: slow_down"},
		"a long text":    {say(400, inJSON, `{"error":"`+strings.Repeat("x\\n", 9999)+`"}`), nil, endpoint.Internal, "400 Bad Request: x"},
		"no JSON":        {say(200, inJSON, "canary"), nil, endpoint.Unavailable, "cannot be read, or has no token"},
		"no token":       {say(200, inJSON, `{"token_type":"bearer"}`), nil, endpoint.Unavailable, "cannot be read, or has no token"},
		"another type":   {say(200, inJSON, `{"access_token":"canary","token_type":"mac"}`), nil, endpoint.Internal, "not a bearer token"},
		"expired":        {say(200, inJSON, `{"access_token":"canary","token_type":"bearer","expires_in":-5}`), nil, endpoint.Unavailable, "expired at"},
		"unreachable":    {nil, func(c *clientcredentials.Config) { c.TokenURL = "https://login.test/token" }, endpoint.Unavailable, "no answer: "},
		"error with 200": {say(200, inJSON, `{"error":"invalid_grant"}`), nil, endpoint.Internal, "200 OK: invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(func() { w.answer = tt.answer })
			c := config()
			if tt.change != nil {
				tt.change(c)
			}
			_, err := w.connect(t, c).Order(t.Context(), endpoint.Empty{})
			require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, tt.want)
			for e := err; e != nil; e = errors.Unwrap(e) {
				text := fmt.Sprintf("%v %+v", e, e)
				require.NotContains(t, text, "canary")
				require.Less(t, len(text), 1000)
				require.NotContains(t, text, "\n")
			}
			require.Zero(t, w.counts()[1])
		})
	}
}

// TestRedirect has a token server send the client elsewhere. The secret does not go there.
func TestRedirect(t *testing.T) {
	t.Parallel()
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	login := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(login.Close)
	c := config()
	c.TokenURL = login.URL
	for _, opts := range [][]oauth2x.Option{nil, {oauth2x.HTTPClient(new(http.Client))}} {
		tokens, err := oauth2x.ClientCredentials(c, opts...)
		require.NoError(t, err)
		_, err = tokens.Token(t.Context())
		require.ErrorContains(t, err, "the server answered 307")
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	}
	require.Zero(t, visits.Load())
}

// TestTaken changes what was given afterwards.
func TestTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, client := config(), *w.client
	tokens, err := oauth2x.ClientCredentials(c, oauth2x.HTTPClient(&client))
	require.NoError(t, err)
	c.ClientSecret, c.Scopes[0], client = "", "", http.Client{}
	got, err := tokens.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "token-1", got.Value)
	require.WithinDuration(t, time.Now().Add(time.Hour), got.Expires, time.Minute)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(c *clientcredentials.Config)
		want   string
	}{
		"no client":   {func(c *clientcredentials.Config) { c.ClientID = "" }, "the ClientID is empty"},
		"no URL":      {func(c *clientcredentials.Config) { c.TokenURL = "" }, "the TokenURL must be an http or https URL without a user"},
		"a password":  {func(c *clientcredentials.Config) { c.TokenURL = "https://a:canary@b" }, "the TokenURL must be an http or https URL without a user"},
		"scope twice": {func(c *clientcredentials.Config) { c.EndpointParams = map[string][]string{"scope": {"a"}} }, "EndpointParams must not have scope beside Scopes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config()
			tt.change(c)
			tokens, err := oauth2x.ClientCredentials(c)
			require.EqualError(t, err, "oauth2x: ClientCredentials: "+tt.want)
			require.Nil(t, tokens)
		})
	}
	tokens, err := oauth2x.ClientCredentials(nil, nil, oauth2x.HTTPClient(nil))
	require.EqualError(t, err, "oauth2x: ClientCredentials: the Config is nil\n"+
		"oauth2x: ClientCredentials: option 0 is nil\noauth2x: ClientCredentials: HTTPClient: the client is nil")
	apps := &auth.Bearer[app]{Name: "apps"}
	_, err = endpoint.Stack{apps.Send(tokens)}.Bind(&endpoint.Operation{Side: endpoint.ClientSide})
	require.ErrorContains(t, err, "auth: Send: the Tokens are nil")
}
