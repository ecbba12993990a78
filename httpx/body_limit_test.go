package httpx_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// text returns a JSON text of n bytes.
func text(n int) string { return `{"s":"` + strings.Repeat("x", n-len(`{"s":""}`)) + `"}` }

// counting counts what is read of it, and has no end.
type counting struct{ n int }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	c.n += len(p)
	return len(p), nil
}

// TestMaxBody has bodies at the limit and beyond, with a length and without.
func TestMaxBody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit int
		opts  []httpx.RouteOption
	}{
		"by default":    {httpx.DefaultMaxBody, nil},
		"small":         {64, []httpx.RouteOption{httpx.MaxBody(64)}},
		"large":         {3 << 20, []httpx.RouteOption{httpx.MaxBody(3 << 20)}},
		"below default": {511, []httpx.RouteOption{httpx.MaxBody(511)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := mounted(t, route("POST", "/", count, tt.opts...))
			url := listen(t, h)
			for n, want := range map[int]int{tt.limit - 1: 200, tt.limit: 200, tt.limit + 1: 413, 2 * tt.limit: 413} {
				require.Equal(t, want, fetch(t, "POST", url, text(n)).status, "%d bytes", n)
				// Without a length.
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(t.Context(), "POST", "/", io.MultiReader(strings.NewReader(text(n))))
				require.EqualValues(t, -1, r.ContentLength)
				h.ServeHTTP(w, r)
				require.Equal(t, want, w.Code, "%d bytes, chunked", n)
			}
			a := fetch(t, "POST", url, text(tt.limit+1))
			require.Equal(t, "BODY_TOO_LARGE", a.problem(t).Reason)
			require.Equal(t, strconv.Itoa(tt.limit), a.problem(t).Meta["limit"])

			// A length beyond the limit is refused before anything is read.
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", unread{t})
			r.ContentLength = int64(tt.limit) + 1
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, 413, w.Code)
			require.Equal(t, "close", w.Header().Get("Connection"))

			// Without a length, not much more than the limit is.
			endless := &counting{}
			w = httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", endless))
			require.Equal(t, 413, w.Code)
			require.LessOrEqual(t, endless.n, 2*tt.limit+64<<10)
		})
	}
}

// TestMaxBodyOfMiddleware has a limit of the user's own, which is as good.
func TestMaxBodyOfMiddleware(t *testing.T) {
	t.Parallel()
	h := mounted(t, route("POST", "/", count))
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		h.ServeHTTP(w, r)
	}))
	require.Equal(t, 413, fetch(t, "POST", url, text(20)).status)
}

// TestBrokenBody has a body that breaks off: the fault of the request.
func TestBrokenBody(t *testing.T) {
	t.Parallel()
	h := mounted(t, route("POST", "/", count))
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", io.MultiReader(strings.NewReader(`{"s":`), brokenReader{}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, 400, w.Code)
	require.Contains(t, w.Body.String(), "the body could not be read")
	require.NotContains(t, w.Body.String(), "internal")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) {
	return 0, endpoint.Errorf(endpoint.Unknown, "internal")
}

// TestConnectionAfterRefusal has a connection go on after a refusal that read
// nothing of a small body, and close after one of a large body.
func TestConnectionAfterRefusal(t *testing.T) {
	t.Parallel()
	url := listen(t, mounted(t, route("POST", "/", count)))
	a := fetch(t, "POST", url, text(100), "Content-Type", "text/csv")
	require.Equal(t, 415, a.status)
	require.Empty(t, a.header.Get("Connection"))
	a = fetch(t, "POST", url, text(2<<20))
	require.Equal(t, 413, a.status)
}

// TestMaxResponse has answers at the limit of the client and beyond, with a
// length and without.
func TestMaxResponse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		n      int
		length bool
		code   endpoint.Code
	}{
		"at the limit":                 {1000, true, endpoint.OK},
		"at the limit, chunked":        {1000, false, endpoint.OK},
		"beyond the limit":             {1001, true, endpoint.ResourceExhausted},
		"beyond the limit, chunked":    {1001, false, endpoint.ResourceExhausted},
		"beyond all limits, not ended": {1 << 30, true, endpoint.ResourceExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.length {
					w.Header().Set("Content-Length", strconv.Itoa(tt.n))
				}
				_, _ = io.Copy(w, bytes.NewReader([]byte(text(min(tt.n, 2000)))))
			}))
			conn := httpx.To(url, httpx.MaxResponse(1000))
			t.Cleanup(func() { conn.Close() })
			c := route[endpoint.Empty, Text]("POST", "/", nil)
			require.NoError(t, httpx.Client(conn, c))
			got, err := c.Do(t.Context(), endpoint.Empty{})
			require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
			require.Equal(t, tt.code != endpoint.OK, endpoint.MaybeSent(err))
			require.Equal(t, tt.code == endpoint.OK, got.S != "")
		})
	}
}
