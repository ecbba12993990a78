package jwtx

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An Option is for [New].
type Option interface{ apply(s *settings) }

type option func(*settings)

func (f option) apply(s *settings) { f(s) }

// settings is an Issuer being made.
type settings struct {
	issuer, jwks  string
	client        *http.Client
	algorithms    []string
	leeway        time.Duration
	refresh, keep time.Duration
	typ           string
	pass          bool
	faults        []error
}

// maxLeeway is the most that clocks may differ.
const maxLeeway = 5 * time.Minute

func newSettings(issuer, audience string) *settings {
	s := &settings{
		issuer: issuer, algorithms: algorithms(),
		leeway: 30 * time.Second, refresh: 5 * time.Minute, keep: 24 * time.Hour,
	}
	if issuer == "" {
		s.fault("the issuer is empty")
	}
	if audience == "" {
		s.fault("the audience is empty; without one, tokens for other services would be accepted")
	}
	return s
}

func (s *settings) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("jwtx: New: "+format, args...))
}

// finish checks what several options decide together.
func (s *settings) finish() {
	if s.jwks == "" && s.issuer != "" {
		s.checkURL("the issuer, without the option Keys,", s.issuer)
	}
	if s.keep < s.refresh {
		s.fault("Keep must be at least Refresh, %v, got %v", s.refresh, s.keep)
	}
	if s.client == nil {
		s.client = &http.Client{Transport: newTransport(), CheckRedirect: refuseRedirect}
	}
}

func (s *settings) checkURL(what, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		s.fault("%s must be an http or https URL without a user, such as https://login.example.com", what)
	}
}

// source returns where the keys come from.
func (s *settings) source() *source {
	src := &source{issuer: s.issuer, jwks: s.jwks, client: s.client}
	if s.jwks == "" {
		src.configuration = strings.TrimSuffix(s.issuer, "/") + "/.well-known/openid-configuration"
	}
	return src
}

// Keys sets the URL of the issuer's keys, a JWK Set (RFC 7517). By default it is the
// jwks_uri of the issuer's OpenID configuration.
func Keys(url string) Option {
	return option(func(s *settings) {
		s.checkURL("Keys", url)
		s.jwks = url
	})
}

// Algorithms sets the algorithms that tokens may have. The default is all that [Issuer]
// lists. Another one is a fault, such as HS256 or none, and so is an empty list.
func Algorithms(names ...string) Option {
	return option(func(s *settings) {
		s.algorithms = append([]string(nil), names...)
		if len(names) == 0 {
			s.fault("Algorithms must name at least one algorithm")
		}
		for _, name := range names {
			if !isAlgorithm(name) {
				s.fault("Algorithms: %q must be one of %s", name, strings.Join(algorithms(), ", "))
			}
		}
	})
}

// TokenType sets the header typ that tokens must have, such as "at+jwt" for access tokens
// (RFC 9068). The default is any. Case does not matter, nor does a leading "application/".
func TokenType(typ string) Option {
	return option(func(s *settings) {
		if s.typ = mediaType(typ); s.typ == "" {
			s.fault("TokenType must not be empty")
		}
	})
}

// mediaType returns a header typ in the form in which two are compared (RFC 7515 §4.1.9).
func mediaType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// PassOthers leaves tokens with another claim iss to another scheme, by [auth.ErrOther].
// By default they are not valid. It is for services with several issuers: each has a scheme
// of its own, and a route requires any of them.
//
// [auth.ErrOther]: https://pkg.go.dev/github.com/typedkit/endpoint/auth#ErrOther
func PassOthers() Option { return option(func(s *settings) { s.pass = true }) }

// Leeway sets by how much the clocks of the issuer and of this process may differ. The
// default is 30 s. It must be from 0 to 5 min.
func Leeway(d time.Duration) Option {
	return option(func(s *settings) {
		if s.leeway = d; d < 0 || d > maxLeeway {
			s.fault("Leeway must be from 0 to %v, got %v", maxLeeway, d)
		}
	})
}

// Refresh sets the age of the keys at which the next call fetches them again: in the
// background, or before it uses them if they are twice as old. So a key that the issuer has
// withdrawn is valid for at most twice that time, unless the issuer does not answer. The
// default is 5 min. It must be at least 10 s.
func Refresh(d time.Duration) Option {
	return option(func(s *settings) {
		if s.refresh = d; d < pauseKnown {
			s.fault("Refresh must be at least %v, got %v", pauseKnown, d)
		}
	})
}

// Keep sets how long after their fetch keys are used while the issuer does not answer.
// After that, calls fail with Unavailable. The default is 24 h. It must be at least the
// time of [Refresh].
func Keep(d time.Duration) Option { return option(func(s *settings) { s.keep = d }) }

// HTTPClient sets the client that fetches the keys, for TLS or a proxy. The default is a
// client of the Issuer's own, which follows no redirect. A change of c after New has no
// effect. A nil c is a fault, and one
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

// newTransport returns the transport of an Issuer that was given no client. Keys are
// fetched seldom, so it keeps no connection.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: fetchTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// refuseRedirect makes a redirect the answer, and so an error: keys come from no other
// place than the one that was set.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
