package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/typedkit/endpoint"
)

// A Conn is one server, as a client sees it: a base URL and an http.Client. Make
// one with [To]. It is an endpoint.Target of itself, and safe for concurrent
// use.
type Conn struct {
	base   *url.URL
	client *http.Client
	own    *http.Transport // nil when the user brought a client
	direct *http.Transport // that of client, if nothing is around it; else nil
	limit  int64           // of a response
	setUp  []func(t *http.Transport)
	also   []string // origins that redirects may lead to
	tls    bool     // option TLS was given
	h2c    bool     // option H2C was given
	err    error
}

// A ConnOption sets up a [Conn].
type ConnOption interface{ applyConn(c *Conn) }

type connOption func(c *Conn)

func (o connOption) applyConn(c *Conn) { o(c) }

func (c *Conn) fault(err error) { c.err = errors.Join(c.err, err) }

// HTTPClient sets the client that makes the exchanges, with its transport, its
// cookies and its time-outs. The default is one of the Conn's own, whose
// transport is net/http's default with 100 idle connections and a buffer of
// 16 KiB for what it writes.
//
// If the client has a CheckRedirect, that decides alone which redirects are followed.
// See [RedirectTo] for the rule that applies otherwise.
func HTTPClient(c *http.Client) ConnOption {
	return connOption(func(conn *Conn) {
		if c == nil {
			conn.fault(errors.New("option HTTPClient: the client is nil"))
			return
		}
		conn.client = c
	})
}

// TLS sets how the server is verified and how this client shows who it is, as
// of crypto/tls. The configuration is copied. The default is Go's. It is for a base
// with the scheme https; with http it is a fault. It is not for an [HTTPClient], which
// brings its own.
func TLS(c *tls.Config) ConnOption {
	return connOption(func(conn *Conn) {
		if c == nil {
			conn.fault(errors.New("option TLS: the configuration is nil"))
			return
		}
		c = c.Clone()
		conn.tls = true
		conn.setUp = append(conn.setUp, func(t *http.Transport) { t.TLSClientConfig = c })
	})
}

// H2C makes the connection speak HTTP/2 without encryption, with prior knowledge
// (RFC 9113 §3.3), which the server must do too. It is for a base with the
// scheme http, and not for an [HTTPClient]; with https, or beside [TLS], it is a fault.
func H2C() ConnOption {
	return connOption(func(conn *Conn) {
		conn.h2c = true
		conn.setUp = append(conn.setUp, func(t *http.Transport) {
			t.Protocols = new(http.Protocols)
			t.Protocols.SetUnencryptedHTTP2(true)
		})
	})
}

// DefaultMaxResponse is how many bytes of a response a client reads unless
// [MaxResponse] says otherwise: 16 MiB.
const DefaultMaxResponse = 16 << 20

// MaxResponse sets how many bytes of a response are read, counted after
// decompression; a larger one is an error of code ResourceExhausted. The
// default is [DefaultMaxResponse].
func MaxResponse(n int64) ConnOption {
	return connOption(func(conn *Conn) {
		if n <= 0 {
			conn.fault(fmt.Errorf("option MaxResponse: %d is not positive", n))
			return
		}
		conn.limit = n
	})
}

// What a Conn's own transport has more of than net/http's: idle connections,
// all of them to its one server, and room for a request, so that one of some
// kilobytes is written at once.
const (
	idleConns   = 100
	writeBuffer = 16 << 10
)

// To returns the server at base, such as "https://example.com/api", to whose
// path those of the routes are appended. It dials when there is something to
// send. Faults are kept: [Client] reports them, and Err does.
func To(base string, opts ...ConnOption) *Conn {
	c := &Conn{limit: DefaultMaxResponse}
	u, err := url.Parse(base)
	switch {
	case !strings.Contains(base, "://"):
		c.err = errors.New("the base " + quoted(base) + "has no scheme: write \"http://\" or \"https://\" before it")
	case err != nil:
		c.err = errors.New("the base is no URL") // its error would repeat what may hold a password
	case u.Scheme != "http" && u.Scheme != "https":
		c.err = fmt.Errorf("the base %q has the scheme %q, not http or https", u.Redacted(), u.Scheme)
	case u.Host == "":
		c.err = fmt.Errorf("the base %q has no host", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		c.err = fmt.Errorf("the base %q has a query or a fragment", u.Redacted())
	}
	c.base = u
	for _, o := range opts {
		if o == nil {
			c.fault(errors.New("a nil option"))
			continue
		}
		o.applyConn(c)
	}
	c.checkScheme()
	if c.client != nil && len(c.setUp) > 0 {
		c.fault(errors.New("options TLS and H2C are not for an HTTPClient, which has its own transport"))
	}
	if c.client != nil && c.client.CheckRedirect != nil && len(c.also) > 0 {
		c.fault(errors.New("option RedirectTo is not for an HTTPClient with a CheckRedirect, which decides alone"))
	}
	if c.err != nil {
		c.err = fmt.Errorf("httpx: To: %w", c.err)
		return c
	}
	c.base.Path, c.base.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	if c.client == nil {
		c.own = ownTransport()
		for _, set := range c.setUp {
			set(c.own)
		}
		c.client = &http.Client{Transport: c.own}
	}
	c.direct = c.transport()
	c.client = c.redirecting(c.client)
	return c
}

// quoted returns a base that is no URL for the text of an error, with a space after it,
// or "" if it may hold a password.
func quoted(base string) string {
	if strings.Contains(base, "@") {
		return ""
	}
	return fmt.Sprintf("%.128q ", base)
}

// checkScheme finds options that the scheme of the base leaves without effect.
func (c *Conn) checkScheme() {
	switch {
	case c.tls && c.h2c:
		c.fault(errors.New("options TLS and H2C exclude each other: H2C is HTTP/2 without TLS"))
	case c.err != nil:
	case c.tls && c.base.Scheme == "http":
		c.fault(fmt.Errorf("option TLS is for the scheme https, and the base is %q", c.base.Redacted()))
	case c.h2c && c.base.Scheme == "https":
		c.fault(fmt.Errorf("option H2C is for the scheme http, and the base is %q", c.base.Redacted()))
	}
}

// transport returns the transport of the client, if the client has nothing to
// add to it but to follow redirects: no cookies, no time-out, no password.
func (c *Conn) transport() *http.Transport {
	if c.client.Jar != nil || c.client.Timeout > 0 || c.base.User != nil {
		return nil
	}
	t, _ := c.client.Transport.(*http.Transport)
	return t
}

// do is the client's Do, without the copy that it makes of the headers of every
// request, in case that there is a redirect. An answer that is one goes to the
// client after all, as if it had made the request itself. See decision 23.
func (c *Conn) do(r *http.Request) (*http.Response, error) {
	if c.direct == nil {
		return c.client.Do(r)
	}
	answer, err := c.direct.RoundTrip(r)
	if err != nil || answer.StatusCode < 300 || answer.StatusCode > 399 {
		return answer, err
	}
	follow := http.Client{Transport: &answered{answer, c.direct}, CheckRedirect: c.client.CheckRedirect}
	return follow.Do(r)
}

// answered is a transport that has the answer to its first request already.
type answered struct {
	first *http.Response
	next  http.RoundTripper
}

func (a *answered) RoundTrip(r *http.Request) (*http.Response, error) {
	if first := a.first; first != nil {
		a.first = nil
		return first, nil
	}
	return a.next.RoundTrip(r)
}

func ownTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // a program replaced it
		t = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = idleConns, idleConns
	t.WriteBufferSize = max(t.WriteBufferSize, writeBuffer)
	return t
}

// Err returns what is wrong with the arguments of [To], or nil. A nil Conn is a
// fault, too.
func (c *Conn) Err() error {
	switch {
	case c == nil:
		return errors.New("httpx: the target is nil")
	case c.client == nil && c.err == nil:
		return errors.New("httpx: the target is a zero Conn; make it with To")
	}
	return c.err
}

// Acquire returns c.
func (c *Conn) Acquire(context.Context) (*Conn, endpoint.Token, error) {
	return c, endpoint.Token{}, nil
}

// Release does nothing.
func (c *Conn) Release(endpoint.Token, error) {}

// Close closes the idle connections of a Conn that has a client of its own.
func (c *Conn) Close() error {
	if c != nil && c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// String returns the base without a password.
func (c *Conn) String() string {
	if c == nil || c.base == nil {
		return ""
	}
	return c.base.Redacted()
}
