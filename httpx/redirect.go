package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

// RedirectTo allows redirects to other origins: each is a scheme and a host, with a
// port unless it is the scheme's own, such as "https://files.example.com". Several
// RedirectTo add up.
//
// By default, a client follows a redirect only within the origin of its request, up to
// ten times: 301, 302 and 303 if the request is a GET or a HEAD, 307 and 308 for every
// method, with the body. A request to another origin has none of the call's headers,
// whether from endpoint.WithHeader, a layer or a field tagged header or cookie, and no
// Referer. A request with a body, or one that resumes a stream, is not redirected to
// another origin. The error of a call whose redirect is not followed has a
// [RedirectError] as its cause; after ten redirects it is Unavailable without one.
//
// RedirectTo together with an [HTTPClient] that has a CheckRedirect is a fault: that
// function decides alone. Even then, headers and body do not go to another origin,
// unless CheckRedirect adds them to the request.
func RedirectTo(origins ...string) ConnOption {
	origins = slices.Clone(origins)
	return connOption(func(conn *Conn) {
		if len(origins) == 0 {
			conn.fault(errors.New("option RedirectTo: no origin"))
		}
		for _, text := range origins {
			u, err := url.Parse(text)
			if err != nil || !isOrigin(u) {
				conn.fault(fmt.Errorf("option RedirectTo: %q is not an origin; want a scheme and a host, such as https://example.com", text))
				continue
			}
			conn.also = append(conn.also, originOf(u))
		}
	})
}

// isOrigin reports whether u is a scheme and a host alone.
func isOrigin(u *url.URL) bool {
	rest := *u
	rest.Scheme, rest.Host = "", ""
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && (rest == url.URL{} || rest == url.URL{Path: "/"})
}

// originOf returns the scheme, the host and the port of u.
func originOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case u.Scheme == "https":
		port = "443"
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// A RedirectError is the cause of the error of a call that was answered with a redirect
// which the client does not follow; errors.As finds it. See [RedirectTo] for those that
// it follows.
type RedirectError struct {
	Status int    // of the answer: 301, 302, 303, 307 or 308
	Host   string // that the redirect leads to, with its port; "" if there is none
}

// Error returns the status and the host.
func (e *RedirectError) Error() string {
	return fmt.Sprintf("HTTP status %d: the redirect to %q is not followed", e.Status, bounds.Cut(e.Host, 255))
}

// redirectError returns the error of an answer that is a redirect, or nil if it is not.
func redirectError(answer *http.Response) *endpoint.Error {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	if answer.Header.Get("Location") == "" {
		return nil
	}
	cause := &RedirectError{Status: answer.StatusCode}
	if u, err := answer.Location(); err == nil {
		cause.Host = u.Host
	}
	message := strings.ToLower(titleOf(answer.StatusCode))
	return endpoint.FromWire(endpoint.CodeOfStatus(answer.StatusCode), "", "", message).WithCause(cause).WithRetryAfter(retryAfter(answer.Header))
}

// redirecting returns a copy of a client that follows redirects by the rules of
// RedirectTo. See decision 129.
func (c *Conn) redirecting(client *http.Client) *http.Client {
	copied := *client
	copied.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		// The first request is the one that exchange made, which finds the mark there.
		via[0].Response = r.Response
		away := isAway(r, via)
		if away {
			strip(r)
		}
		if client.CheckRedirect != nil {
			return client.CheckRedirect(r, via)
		}
		switch {
		case r.Method != via[0].Method: // net/http makes a GET of a POST, which is not the call that was made
			return http.ErrUseLastResponse
		case away && !(isPortable(via[0]) && slices.Contains(c.also, originOf(r.URL))):
			return http.ErrUseLastResponse
		case len(via) >= 10:
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
	return &copied
}

// isAway reports whether r, which follows via, or a request before it left the origin of
// the first one. The way back to that origin counts as well, because another one chose it.
func isAway(r *http.Request, via []*http.Request) bool {
	home := originOf(via[0].URL)
	return originOf(r.URL) != home || slices.ContainsFunc(via[1:], func(r *http.Request) bool { return originOf(r.URL) != home })
}

// isPortable reports whether a request means the same without its headers and its body.
func isPortable(r *http.Request) bool {
	return r.ContentLength == 0 && len(r.Header[lastEventID]) == 0
}

// strip removes from a request what belongs to the call that it is made for.
func strip(r *http.Request) {
	for k := range r.Header {
		if k != "Accept" && k != timeoutHeader {
			delete(r.Header, k)
		}
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	r.Body, r.GetBody, r.ContentLength = nil, nil, 0
}

// wasRedirected reports whether a server answered r, a request that was made, with a
// redirect.
func wasRedirected(r *http.Request) bool { return r.Response != nil }
