package oauth2x

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/internal/bounds"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// maxText is how many bytes of an error of the server are quoted.
const maxText = 200

// ClientCredentials returns tokens that c fetches. The error joins all that is wrong with the
// arguments. A change of c afterwards has no effect. ClientCredentials does not connect to
// the server.
//
// If the server refuses the client, or gives a token that is not a bearer token, calls fail
// with Internal, because a repeated call fails as well. Any other failure is Unavailable. No
// error has the secret or a token.
//
// Set c.AuthStyle. Without it, the first fetch that fails is repeated in another style.
func ClientCredentials(c *clientcredentials.Config, opts ...Option) (*auth.Tokens, error) {
	s := &settings{client: &http.Client{Transport: newTransport(), CheckRedirect: refuseRedirect}}
	s.check(c)
	for i, o := range opts {
		if o == nil {
			s.fault("option %d is nil", i)
			continue
		}
		o.apply(s)
	}
	if err := errors.Join(s.faults...); err != nil {
		return nil, err
	}
	g := &grant{client: s.client, config: &clientcredentials.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.TokenURL, AuthStyle: c.AuthStyle,
		Scopes: slices.Clone(c.Scopes), EndpointParams: maps.Clone(c.EndpointParams),
	}}
	return auth.NewTokens(g.fetch), nil
}

// An Option is for [ClientCredentials].
type Option interface{ apply(s *settings) }

type option func(*settings)

func (f option) apply(s *settings) { f(s) }

// HTTPClient sets the client that sends the requests, for TLS or a proxy. The default is a
// client of its own, which follows no redirect, because a redirect would get the secret. A
// change of c afterwards has no effect. A nil c is a fault, and one
// without a CheckRedirect follows no redirect.
func HTTPClient(c *http.Client) Option {
	return option(func(s *settings) {
		if c == nil {
			s.fault("HTTPClient: the client is nil")
			return
		}
		taken := *c
		if taken.CheckRedirect == nil {
			taken.CheckRedirect = refuseRedirect
		}
		s.client = &taken
	})
}

// settings are the arguments being checked.
type settings struct {
	client *http.Client
	faults []error
}

func (s *settings) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("oauth2x: ClientCredentials: "+format, args...))
}

// check notes what is wrong with c. It does not quote it.
func (s *settings) check(c *clientcredentials.Config) {
	if c == nil {
		s.fault("the Config is nil")
		return
	}
	if c.ClientID == "" {
		s.fault("the ClientID is empty")
	}
	u, err := url.Parse(c.TokenURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		s.fault("the TokenURL must be an http or https URL without a user")
	}
	if _, ok := c.EndpointParams["scope"]; ok && len(c.Scopes) > 0 {
		s.fault("EndpointParams must not have scope beside Scopes")
	}
}

// newTransport returns the transport of a client that was given none. Tokens are fetched
// seldom, so it keeps no connection.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// refuseRedirect makes a redirect the answer, and so an error.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A grant fetches tokens.
type grant struct {
	config *clientcredentials.Config
	client *http.Client
}

// fetch fetches one token. x/oauth2 reads at most 1 MiB of the answer.
func (g *grant) fetch(ctx context.Context) (auth.Token, error) {
	token, err := g.config.Token(context.WithValue(ctx, oauth2.HTTPClient, g.client))
	if err != nil {
		return auth.Token{}, g.failure(err)
	}
	if !strings.EqualFold(token.Type(), "Bearer") {
		return auth.Token{}, endpoint.Errorf(endpoint.Internal, "%w", errors.New("oauth2x: the token is not a bearer token"))
	}
	return auth.Token{Value: token.AccessToken, Expires: token.Expiry}, nil
}

// failure returns the error of a fetch, with what the server says in one short line and
// without its body.
func (g *grant) failure(err error) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if u, isURL := errors.AsType[*url.Error](err); isURL {
			return endpoint.Errorf(endpoint.Unavailable, "%w", fmt.Errorf("oauth2x: no answer: %w", u.Err))
		}
		return endpoint.Errorf(endpoint.Unavailable, "%w", errors.New("oauth2x: the answer cannot be read, or has no token"))
	}
	text := "oauth2x: the server answered " + bounds.Cut(answer.Response.Status, maxText)
	if answer.ErrorCode != "" {
		text += ": " + bounds.Line(bounds.Cut(answer.ErrorCode+" "+answer.ErrorDescription, maxText))
	}
	for _, secret := range []string{g.config.ClientSecret, url.QueryEscape(g.config.ClientSecret)} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	code := endpoint.Unavailable
	if status := answer.Response.StatusCode; status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests {
		code = endpoint.Internal
	}
	return endpoint.Errorf(code, "%w", errors.New(text))
}
