package httpx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

func zipped(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(tb, err)
	require.NoError(tb, z.Close())
	return b.String()
}

func TestGzipBody(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[map[string]string]("POST", "/", httpx.MaxBody(1000)))
	atLimit := `{"a":"` + strings.Repeat("x", 1000-8) + `"}`
	tests := map[string]struct {
		coding, body string
		status       int
		want         string
	}{
		"gzip":            {"gzip", zipped(t, `{"a":"b"}`), 200, `{"a":"b"}`},
		"x-gzip":          {"X-GZIP", zipped(t, `{"a":"b"}`), 200, `{"a":"b"}`},
		"identity":        {"identity", `{"a":"b"}`, 200, `{"a":"b"}`},
		"at the limit":    {"gzip", zipped(t, atLimit), 200, atLimit},
		"beyond it":       {"gzip", zipped(t, atLimit+" "), 413, `"reason":"BODY_TOO_LARGE"`},
		"a bomb":          {"gzip", zipped(t, strings.Repeat(" ", 100<<20)), 413, `"reason":"BODY_TOO_LARGE"`},
		"no gzip":         {"gzip", `{"a":"b"}`, 400, `the body could not be read`},
		"cut":             {"gzip", zipped(t, atLimit)[:20], 400, `the body could not be read`},
		"gzip upon gzip":  {"gzip, gzip", zipped(t, zipped(t, `{"a":"b"}`)), 415, `accepted: gzip, identity`},
		"another":         {"br", `{"a":"b"}`, 415, `accepted: gzip, identity`},
		"wrong after all": {"gzip", zipped(t, `{"a":1}`), 400, `"pointer":"/a"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, h, "POST", "/", tt.body, "Content-Encoding", tt.coding, "Content-Type", "application/json")
			require.Equal(t, tt.status, a.status, a.body)
			require.Contains(t, a.body, tt.want)
			if tt.status == http.StatusUnsupportedMediaType {
				require.Equal(t, "gzip, identity", a.header.Get("Accept-Encoding"))
				require.Equal(t, "application/json", a.header.Get("Accept"))
			}
		})
	}
}

// TestGzipAnswer holds that a client counts an answer as it is, not as it came.
func TestGzipAnswer(t *testing.T) {
	t.Parallel()
	bomb := zipped(t, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write([]byte(bomb))
	}))
	for limit, code := range map[int64]endpoint.Code{1 << 20: endpoint.ResourceExhausted, 2 << 20: endpoint.OK} {
		conn := httpx.To(url, httpx.MaxResponse(limit))
		defer conn.Close()
		c := route[endpoint.Empty, map[string]string]("GET", "/", nil)
		require.NoError(t, httpx.Client(conn, c))
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Equal(t, code, endpoint.CodeOf(err), "limit %d: %v", limit, err)
	}
}

// TestRefusedBodyIsNotRead sends requests that are refused by their headers;
// the body says whether anybody read it.
func TestRefusedBodyIsNotRead(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"type":   {"Content-Type", "text/csv"},
		"coding": {"Content-Encoding", "br"},
		"accept": {"Accept", "image/png"},
	}
	for name, header := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := mounted(t, route("POST", "/", func(context.Context, map[string]string) (endpoint.Empty, error) {
				return endpoint.Empty{}, nil
			}))
			r, err := http.NewRequestWithContext(t.Context(), "POST", "/", nil)
			require.NoError(t, err)
			body := &spy{}
			r.Body, r.ContentLength = body, 10
			r.Header.Set(header[0], header[1])
			w := &discard{header: http.Header{}}
			h.ServeHTTP(w, r)
			require.GreaterOrEqual(t, w.status, 400)
			require.False(t, body.read, "the body was read")
		})
	}
}

// spy is a body that notes a read.
type spy struct{ read bool }

func (s *spy) Read([]byte) (int, error) { s.read = true; return 0, http.ErrBodyReadAfterClose }
func (s *spy) Close() error             { return nil }

// discard is a response writer that keeps the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
