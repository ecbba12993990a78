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
	"github.com/typedkit/endpoint/internal/race"
)

// flushing is a response writer that costs nothing and can flush.
type flushing struct{ nullWriter }

func (*flushing) FlushError() error { return nil }

// streaming answers with a stream of ticks, or after reading a request stream.
type streaming struct{ events string }

func (m streaming) RoundTrip(r *http.Request) (*http.Response, error) {
	media, body := "text/event-stream", m.events
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		media, body = "application/json", `{"n":1}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {media}}, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// manyTicks is what a server sends for n ticks.
func manyTicks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("id: " + strconv.Itoa(i+1) + "\ndata: {\"n\":" + strconv.Itoa(i+1) + "}\n\n")
	}
	return b.String() + "event: end\ndata: {}\n\n"
}

// oneByOne yields n numbers.
func oneByOne(n int) endpoint.Stream[count1] {
	return func(yield func(count1, error) bool) {
		for i := range n {
			if !yield(count1{i}, nil) {
				return
			}
		}
	}
}

// TestAllocationsOfItems has an item of a stream allocate nothing but what its
// codec does for what is in it, on both ends and in both directions.
func TestAllocationsOfItems(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	h := mounted(t, newFeed())
	serve := func(method, target, body string) func() {
		return func() {
			r := httptest.NewRequestWithContext(t.Context(), method, target, bytes.NewReader([]byte(body)))
			r.Header.Set("Content-Type", "application/x-ndjson")
			h.ServeHTTP(&flushing{nullWriter{http.Header{}}}, r)
		}
	}
	called := func(n int) *feed {
		f := &feed{}
		conn := httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: streaming{manyTicks(n)}}))
		require.NoError(t, httpx.Client(conn, f))
		return f
	}
	tests := map[string]func(n int) func(){
		"response stream, server": func(n int) func() { return serve("GET", "/ticks?n="+strconv.Itoa(n), "") },
		"response stream, client": func(n int) func() {
			f := called(n)
			return func() {
				s, err := f.Ticks(t.Context(), from{})
				require.NoError(t, err)
				got := 0
				for _, err := range s {
					if err != nil {
						t.Fatal(err)
					}
					got++
				}
				require.Equal(t, n, got)
			}
		},
		"request stream, server": func(n int) func() { return serve("POST", "/sum", strings.Repeat("{\"n\":7}\n", n)) },
		"request stream, client": func(n int) func() {
			f := called(n)
			return func() {
				_, err := f.Sum(t.Context(), oneByOne(n))
				require.NoError(t, err)
			}
		},
	}
	const items = 900
	for name, run := range tests {
		none, many := testing.AllocsPerRun(20, run(0)), testing.AllocsPerRun(20, run(items))
		each := (many - none) / items
		t.Logf("%s: %v allocations, and %.3f for each item", name, none, each)
		require.Less(t, each, 0.05, name)
	}
}
