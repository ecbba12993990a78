package httpx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// protocol is a service that says which HTTP it is called over.
func protocol() *one[endpoint.Empty, string] {
	return route[endpoint.Empty, string]("GET", "/", nil)
}

func tellProtocol(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte(`"` + r.Proto + `"`))
}

// TestTLS has a server that the client verifies, and one that it cannot.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(tellProtocol))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	config := &tls.Config{RootCAs: roots}
	conn := httpx.To(s.URL, httpx.TLS(config))
	t.Cleanup(func() { conn.Close() })
	config.RootCAs = nil // it was copied
	c := protocol()
	require.NoError(t, httpx.Client(conn, c))
	got, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", got)

	stranger := failing(nil)
	dial(t, s.URL, stranger)
	_, err = stranger.Do(t.Context(), endpoint.Empty{})
	requireUntrusted(t, err)
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	require.True(t, is)
}

// requireUntrusted checks the error of a call whose handshake one side rejected.
func requireUntrusted(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), "%v", err)
	require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
	require.ErrorContains(t, err, "the TLS handshake failed: ")
	require.False(t, endpoint.Retryable(err), "a repeat would end in the same way")
	require.False(t, endpoint.MaybeSent(err))
	require.True(t, endpoint.ServerFault(err), "a pool ejects the instance")
}

// TestUntrustedClient has a server that wants another certificate of the client. By TLS
// 1.3 it rejects the client's after the handshake, so which error is seen first is a
// matter of chance.
func TestUntrustedClient(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"HTTP/1", "HTTP/2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(http.HandlerFunc(tellProtocol))
			s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12}
			s.EnableHTTP2 = protocol == "HTTP/2"
			s.StartTLS()
			t.Cleanup(s.Close)
			roots := x509.NewCertPool()
			roots.AddCert(s.Certificate())
			for _, certs := range [][]tls.Certificate{nil, s.TLS.Certificates} {
				conn := httpx.To(s.URL, httpx.TLS(&tls.Config{RootCAs: roots, Certificates: certs}))
				t.Cleanup(func() { conn.Close() })
				c := failing(nil)
				require.NoError(t, httpx.Client(conn, c))
				_, err := c.Do(t.Context(), endpoint.Empty{})
				requireUntrusted(t, err)
			}
		})
	}
}

// TestH2C speaks HTTP/2 without encryption.
func TestH2C(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(tellProtocol))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	conn := httpx.To(s.URL, httpx.H2C())
	t.Cleanup(func() { conn.Close() })
	c := protocol()
	require.NoError(t, httpx.Client(conn, c))
	got, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", got)
}

// TestOwnHTTPClient is used as it is, with its own rule for redirects, and is
// not changed.
func TestOwnHTTPClient(t *testing.T) {
	t.Parallel()
	url := listen(t, http.RedirectHandler("/", http.StatusFound))
	mine := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	c := protocol()
	require.NoError(t, httpx.Client(httpx.To(url, httpx.HTTPClient(mine)), c))
	require.Nil(t, mine.CheckRedirect)
	no := errors.New("no redirects")
	mine.CheckRedirect = func(*http.Request, []*http.Request) error { return no }
	require.NoError(t, httpx.Client(httpx.To(url, httpx.HTTPClient(mine)), c))
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.ErrorIs(t, err, no)
}

// TestClientAroundTransport has what an http.Client does beside its transport:
// it keeps cookies, it sends the password of a URL, and its time is limited.
func TestClientAroundTransport(t *testing.T) {
	t.Parallel()
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); ok {
			_, _ = fmt.Fprintf(w, "%q", password)
			return
		}
		c, err := r.Cookie("c")
		if err != nil {
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "crumb"})
			c = &http.Cookie{}
		}
		_, _ = fmt.Fprintf(w, "%q", c.Value)
	}))
	transport := &http.Transport{DisableKeepAlives: true}
	said := func(url string, client *http.Client) func() (string, error) {
		c := protocol()
		require.NoError(t, httpx.Client(httpx.To(url, httpx.HTTPClient(client)), c))
		return func() (string, error) { return c.Do(t.Context(), endpoint.Empty{}) }
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	keeping := said(url, &http.Client{Transport: transport, Jar: jar})
	for _, want := range []string{"", "crumb"} {
		got, err := keeping()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	got, err := said(strings.Replace(url, "://", "://user:secret@", 1), &http.Client{Transport: transport})()
	require.NoError(t, err)
	require.Equal(t, "secret", got)
	_, err = said(url, &http.Client{Transport: transport, Timeout: time.Nanosecond})()
	require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
}

// TestConnFaults has options with values that they don't take.
func TestConnFaults(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]httpx.ConnOption{
		"option HTTPClient: the client is nil":                             {httpx.HTTPClient(nil)},
		"option TLS: the configuration is nil":                             {httpx.TLS(nil)},
		"option MaxResponse: 0 is not positive":                            {httpx.MaxResponse(0)},
		"option MaxResponse: -1 is not positive":                           {httpx.MaxResponse(-1)},
		"options TLS and H2C are not for an HTTPClient":                    {httpx.H2C(), httpx.HTTPClient(http.DefaultClient)},
		"option TLS: the configuration is nil\na nil option\noption MaxRe": {httpx.TLS(nil), nil, httpx.MaxResponse(0)},
	} {
		require.ErrorContains(t, httpx.To("http://x", opts...).Err(), "httpx: To: "+want)
	}
	require.NoError(t, httpx.To("http://x").Err())
	require.Equal(t, "http://u:xxxxx@x/y", httpx.To("http://u:p@x/y/").String())
	require.Empty(t, httpx.To("http://[::1").String())
	require.NoError(t, httpx.To("http://x", httpx.HTTPClient(http.DefaultClient)).Close())
}

// targets gives each operation a target of its own, as a pool does.
type targets struct {
	url string

	mu       sync.Mutex // guards the fields below
	asked    []string
	acquired int
	released []error
	refuse   error
}

func (p *targets) For(op *endpoint.Operation) endpoint.Target[*httpx.Conn] {
	p.asked = append(p.asked, op.Name)
	return p
}

func (p *targets) Acquire(context.Context) (*httpx.Conn, endpoint.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return nil, endpoint.Token{}, p.refuse
	}
	p.acquired++
	return httpx.To(p.url), endpoint.Token{N: int64(p.acquired)}, nil
}

func (p *targets) Release(t endpoint.Token, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.N != int64(p.acquired) {
		err = errors.New("the token of another call")
	}
	p.released = append(p.released, err)
}

// TestTarget has a target asked once for each operation, and each connection
// given back with the outcome of its attempt.
func TestTarget(t *testing.T) {
	t.Parallel()
	p := &targets{url: listen(t, mounted(t, &Strings{Upper: upper, Count: count}))}
	var c Strings
	require.NoError(t, httpx.Client(p, &c, httpx.Use(&threeTimes{})))
	require.Equal(t, []string{"Upper", "Count"}, p.asked)

	_, err := c.Upper(t.Context(), Text{"x"})
	require.NoError(t, err)
	require.Equal(t, []error{nil}, p.released)

	_, err = c.Upper(t.Context(), Text{})
	require.ErrorIs(t, err, ErrEmpty)
	require.Equal(t, 4, p.acquired, "three attempts")
	require.Len(t, p.released, 4)
	for _, err := range p.released[1:] {
		require.ErrorIs(t, err, ErrEmpty)
	}

	p.refuse = endpoint.Define(endpoint.Unavailable, "endpoint", "NO_ENDPOINTS", "nobody is there")
	_, err = c.Upper(t.Context(), Text{"x"})
	require.ErrorIs(t, err, p.refuse)
	require.Len(t, p.released, 4, "there was nothing to give back")
}
