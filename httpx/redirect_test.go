package httpx_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// A site is a server of another origin, which records what it gets.
type site struct {
	url string

	mu  sync.Mutex // guards the fields below
	got []*http.Request
}

func newSite(tb testing.TB) *site {
	tb.Helper()
	s := &site{}
	s.url = strings.Replace(listen(tb, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		s.mu.Lock()
		s.got = append(s.got, r)
		s.mu.Unlock()
		if back := r.URL.Query().Get("back"); back != "" {
			http.Redirect(w, r, back, http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.WriteString(w, `{"s":"there"}`)
	})), "127.0.0.1", "localhost", 1)
	return s
}

// requests returns what the site got.
func (s *site) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// private is a request with a value in each place that belongs to its call.
type private struct {
	Query  string `query:"q"`
	Header string `header:"X-H"`
	Cookie string `cookie:"c"`
}

// callPrivate calls a GET of the server at url with all that a call can bring.
func callPrivate(t *testing.T, url string, opts ...httpx.ConnOption) (Text, error) {
	t.Helper()
	conn := httpx.To(url, opts...)
	t.Cleanup(func() { conn.Close() })
	c := route[private, Text]("GET", "/", nil)
	require.NoError(t, httpx.Client(conn, c))
	ctx := endpoint.WithHeader(t.Context(), "X-Api-Key", secret)
	ctx = endpoint.WithHeader(ctx, "Authorization", secret)
	return c.Do(ctx, private{secret, secret, secret})
}

// requireNothingPrivate fails the test if a request has anything of a call.
func requireNothingPrivate(t *testing.T, r *http.Request) {
	t.Helper()
	require.NotContains(t, r.RequestURI, secret)
	for k, values := range r.Header {
		require.Contains(t, []string{"Accept", "Accept-Encoding", "User-Agent", "Connection", "Content-Length"}, k)
		require.NotContains(t, values, secret)
	}
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Empty(t, b)
}

// TestRedirectOutOfOrigin has redirects that leave the scheme, the host or the port.
func TestRedirectOutOfOrigin(t *testing.T) {
	t.Parallel()
	other := newSite(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	t.Cleanup(secure.Close)
	for name, location := range map[string]string{
		"another host": other.url, "another port": strings.Replace(other.url, "localhost", "127.0.0.1", 1), "another scheme": secure.URL,
		"a host alone": strings.TrimPrefix(other.url, "http:"), "another kind of URL": "mailto:ada@example.com", "no host": "http:///x",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			}))
			jar, err := cookiejar.New(nil)
			require.NoError(t, err)
			for kind, opts := range map[string][]httpx.ConnOption{
				"direct": nil, "with a jar": {httpx.HTTPClient(&http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}})},
			} {
				_, err := callPrivate(t, url, opts...)
				e := endpoint.ErrorOf(err)
				require.Equal(t, endpoint.Unknown, e.Code(), "%s, %d, %s", name, status, kind)
				require.True(t, e.Remote())
				require.Equal(t, strings.ToLower(http.StatusText(status)), e.Message())
				cause, ok := errors.AsType[*httpx.RedirectError](err)
				require.True(t, ok, "%s, %d, %s: %v", name, status, kind, err)
				require.Equal(t, status, cause.Status)
				require.Contains(t, location, cause.Host)
				require.Equal(t, strings.Contains(location, "localhost") || strings.Contains(location, "127.0.0.1"), cause.Host != "", name)
				require.Contains(t, err.Error(), cause.Host+`" is not followed`)
				require.False(t, endpoint.Retryable(err))
			}
		}
	}
	require.Empty(t, other.requests())
}

// TestRedirectWithinOrigin has redirects to the same origin in other words.
func TestRedirectWithinOrigin(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"localhost", "LOCALHOST", "localhost:80"} {
		var headers http.Header
		c := route[Text, Text]("POST", "/here", nil)
		conn := httpx.To("http://localhost", httpx.HTTPClient(&http.Client{Transport: transport(func(r *http.Request) *http.Response {
			resp := &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"s":"there"}`))}
			if r.URL.Path == "/here" {
				resp.StatusCode = 308
				resp.Header.Set("Location", "http://"+host+"/there")
			}
			headers = r.Header
			return resp
		})}))
		require.NoError(t, httpx.Client(conn, c))
		got, err := c.Do(endpoint.WithHeader(t.Context(), "X-Api-Key", secret), Text{"x"})
		require.NoError(t, err, host)
		require.Equal(t, "there", got.S)
		require.Equal(t, secret, headers.Get("X-Api-Key"), host)
	}
}

// TestRedirectTo has redirects to other origins that are allowed.
func TestRedirectTo(t *testing.T) {
	t.Parallel()
	other := newSite(t)
	var home string
	var returned []*http.Request
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.url+"/x", http.StatusFound) })
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.url+"/x", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("GET /round", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.url+"/x?back="+home+"/back", http.StatusFound)
	})
	mux.HandleFunc("GET /back", func(w http.ResponseWriter, r *http.Request) {
		returned = append(returned, r)
		_, _ = io.WriteString(w, `{"s":"back"}`)
	})
	home = listen(t, mux)

	got, err := callPrivate(t, home, httpx.RedirectTo("https://example.com", strings.ToUpper(other.url)+"/"))
	require.NoError(t, err)
	require.Equal(t, "there", got.S)
	require.Len(t, other.requests(), 1)
	requireNothingPrivate(t, other.requests()[0])

	// A way back is chosen by the other origin.
	got, err = callPrivate(t, home+"/round", httpx.RedirectTo(other.url), httpx.RedirectTo(home))
	require.Error(t, err, "the path of the route is appended")
	require.Zero(t, got)
	c := route[private, Text]("GET", "/round", nil)
	require.NoError(t, httpx.Client(httpx.To(home, httpx.RedirectTo(other.url), httpx.RedirectTo(home)), c))
	got, err = c.Do(endpoint.WithHeader(t.Context(), "X-Api-Key", secret), private{secret, secret, secret})
	require.NoError(t, err)
	require.Equal(t, "back", got.S)
	require.Len(t, returned, 1)
	requireNothingPrivate(t, returned[0])

	// A body goes nowhere else, and a request without its body is another one.
	before := len(other.requests())
	p := route[Text, Text]("POST", "/", nil)
	require.NoError(t, httpx.Client(httpx.To(home, httpx.RedirectTo(other.url)), p))
	_, err = p.Do(t.Context(), Text{secret})
	_, is := errors.AsType[*httpx.RedirectError](err)
	require.True(t, is, "%v", err)
	require.True(t, endpoint.MaybeSent(err))
	require.Len(t, other.requests(), before)
	none := route[endpoint.Empty, Text]("POST", "/", nil)
	require.NoError(t, httpx.Client(httpx.To(home, httpx.RedirectTo(other.url)), none))
	got, err = none.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, "there", got.S)
}

// TestRedirectToFaults has what RedirectTo does not take.
func TestRedirectToFaults(t *testing.T) {
	t.Parallel()
	const want = "; want a scheme and a host, such as https://example.com"
	for origin, want := range map[string]string{
		"": `"" is not an origin` + want, "example.com": `"example.com" is not`, "//example.com": "is not", "ftp://example.com": "is not",
		"http://": "is not", "http://:80": "is not", "http://example.com/x": "is not", "http://example.com?x": "is not", "http://example.com?": "is not",
		"http://example.com#x": "is not", "http://ada@example.com": "is not", "http:example.com": "is not", "http://[::1": "is not",
	} {
		require.ErrorContains(t, httpx.To("http://x", httpx.RedirectTo("http://y", origin)).Err(), "httpx: To: option RedirectTo: ", origin)
		require.ErrorContains(t, httpx.To("http://x", httpx.RedirectTo(origin)).Err(), want, origin)
	}
	require.ErrorContains(t, httpx.To("http://x", httpx.RedirectTo()).Err(), "httpx: To: option RedirectTo: no origin")
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	require.ErrorContains(t, httpx.To("http://x", httpx.RedirectTo("http://y"), httpx.HTTPClient(own)).Err(),
		"httpx: To: option RedirectTo is not for an HTTPClient with a CheckRedirect, which decides alone")
	require.NoError(t, httpx.To("http://x", httpx.RedirectTo("http://y:8080", "https://[::1]/"), httpx.HTTPClient(http.DefaultClient)).Err())
}

// TestOwnCheckRedirect has a client that follows every redirect: still, what belongs to
// a call stays where it was sent, but for what the client's rule adds.
func TestOwnCheckRedirect(t *testing.T) {
	t.Parallel()
	other := newSite(t)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.url+"/x", http.StatusTemporaryRedirect)
	}))
	own := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		r.Header.Set("User-Agent", "mine")
		return nil
	}}
	_, err := callPrivate(t, url, httpx.HTTPClient(own))
	require.NoError(t, err)
	c := route[Text, Text]("POST", "/", nil)
	require.NoError(t, httpx.Client(httpx.To(url, httpx.HTTPClient(own)), c))
	_, err = c.Do(t.Context(), Text{secret})
	require.NoError(t, err)
	got := other.requests()
	require.Len(t, got, 2)
	for _, r := range got {
		requireNothingPrivate(t, r)
		require.Equal(t, "mine", r.UserAgent())
	}
	require.Equal(t, "POST", got[1].Method)
}

// TestFateAfterRedirect has redirects to a server that cannot be reached: another one
// had the request.
func TestFateAfterRedirect(t *testing.T) {
	t.Parallel()
	const gone = closedURL
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, gone, http.StatusTemporaryRedirect)
	}))
	follow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }, Transport: &http.Transport{DisableKeepAlives: true}}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	followWithJar := *follow
	followWithJar.Jar = jar
	for name, opt := range map[string]httpx.ConnOption{"RedirectTo": httpx.RedirectTo(gone), "direct": httpx.HTTPClient(follow), "with a jar": httpx.HTTPClient(&followWithJar)} {
		for method, maybe := range map[string]bool{"GET": false, "PUT": false, "POST": true} {
			conn := httpx.To(url, opt)
			t.Cleanup(func() { conn.Close() })
			c := route[endpoint.Empty, endpoint.Empty](method, "/", nil)
			require.NoError(t, httpx.Client(conn, c))
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "%s, %s: %v", name, method, err)
			require.False(t, endpoint.NotSent(err), "%s, %s", name, method)
			require.Equal(t, maybe, endpoint.MaybeSent(err), "%s, %s", name, method)
			require.Equal(t, !maybe, endpoint.Retryable(err), "%s, %s", name, method)
		}
	}
}

// TestUntrustedAfterRedirect has a redirect to a server whose certificate is not
// accepted: the first one had the request.
func TestUntrustedAfterRedirect(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.URL, http.StatusTemporaryRedirect)
	}))
	for method, maybe := range map[string]bool{"GET": false, "POST": true} {
		conn := httpx.To(url, httpx.RedirectTo(s.URL))
		t.Cleanup(func() { conn.Close() })
		c := route[endpoint.Empty, endpoint.Empty](method, "/", nil)
		require.NoError(t, httpx.Client(conn, c))
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), "%s: %v", method, err)
		require.Equal(t, maybe, endpoint.MaybeSent(err), method)
		require.False(t, endpoint.Retryable(err), method)
	}
}

// TestRedirectOfResume has a stream that broke, and whose server has moved: another
// origin is not told of the last item, so that it is not asked for what comes after it.
func TestRedirectOfResume(t *testing.T) {
	t.Parallel()
	other := newSite(t)
	first := true
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !first {
			http.Redirect(w, r, other.url, http.StatusTemporaryRedirect)
			return
		}
		first = false
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "id: 1\ndata: {\"n\":1}\n\n")
	}))
	var f resumed
	require.NoError(t, httpx.Client(httpx.To(url, httpx.RedirectTo(other.url)), &f))
	items, err := f.Ticks(t.Context(), resumeFrom{})
	require.NoError(t, err)
	got, err := items.Collect()
	require.Len(t, got, 1)
	_, is := errors.AsType[*httpx.RedirectError](err)
	require.True(t, is, "%v", err)
	require.Empty(t, other.requests())
}
