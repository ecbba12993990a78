package httpx_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/race"
	"github.com/typedkit/endpoint/resilience"
)

// nullWriter is a response writer that costs nothing.
type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *nullWriter) WriteHeader(int)             {}

// reused is a body that is read again and again.
type reused struct{ bytes.Reader }

func (*reused) Close() error { return nil }

// byHand is what one writes with net/http and encoding/json/v2 alone.
func byHand(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	var in Text
	if err := json.Unmarshal(b, &in); err != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	b, err = json.Marshal(out)
	if err != nil {
		http.Error(w, "bad", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b)
}

// measured returns a function that serves one small POST at a path of h.
func measured(h http.Handler, path string) func() {
	src := []byte(`{"s":"hello"}`)
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(src))
	w := &nullWriter{http.Header{}}
	body := &reused{}
	r.Body = body
	return func() {
		body.Reset(src)
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

func smallPOST(tb testing.TB, layers ...endpoint.Layer) http.Handler {
	tb.Helper()
	mux := http.NewServeMux()
	require.NoError(tb, httpx.Mount(mux, &Strings{Upper: upper, Count: count}, httpx.Use(layers...)))
	mux.HandleFunc("POST /hand", byHand)
	return mux
}

// TestAllocations has a small JSON POST allocate little more than one by hand.
func TestAllocations(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	four := []endpoint.Layer{&layer{}, &layer{}, &layer{}, &layer{}}
	hand := testing.AllocsPerRun(1000, measured(smallPOST(t), "/hand"))
	mounted := testing.AllocsPerRun(1000, measured(smallPOST(t), "/upper"))
	layered := testing.AllocsPerRun(1000, measured(smallPOST(t, four...), "/upper"))
	placed := testing.AllocsPerRun(1000, measured(smallPOST(t, &layer{}, resilience.NewShed(), &layer{}, resilience.NewBulkhead(10)), "/upper"))
	t.Logf("by hand %v, mounted %v, with four layers %v, with places %v", hand, mounted, layered, placed)
	require.LessOrEqual(t, mounted, hand+3)
	require.LessOrEqual(t, layered, mounted, "layers allocate nothing")
	require.LessOrEqual(t, placed, mounted, "nor do layers that take places")
}

// TestAllocationsOfParameters has parameters cost no map of them.
func TestAllocationsOfParameters(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	type request struct {
		ID    int    `path:"id"`
		Limit int    `query:"limit"`
		Live  bool   `query:"live"`
		Tag   string `header:"X-Tag"`
	}
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, route("GET", "/x/{id}", func(context.Context, request) (Count, error) { return Count{7}, nil })))
	w := &nullWriter{http.Header{}}
	r := httptest.NewRequest(http.MethodGet, "/x/7?limit=5&live=1&other=1", nil)
	r.Header.Set("X-Tag", "t")
	got := testing.AllocsPerRun(1000, func() {
		clear(w.h)
		mux.ServeHTTP(w, r)
	})
	t.Logf("%v allocations", got)
	require.LessOrEqual(t, got, 8.0)
}

// inMemory answers over a transport of net/http, without a connection.
type inMemory struct{ body string }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	_ = r.Body.Close()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: r,
		ContentLength: int64(len(m.body)), Body: io.NopCloser(strings.NewReader(m.body)),
	}, nil
}

// TestAllocationsOfClient has a call spare the copies that an http.Client makes
// in case that there is a redirect.
func TestAllocationsOfClient(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	transport := &http.Transport{}
	transport.RegisterProtocol("http", inMemory{`{"s":"HELLO"}`})
	client := &http.Client{Transport: transport}
	var c Strings
	require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), &c))
	ours := testing.AllocsPerRun(1000, func() {
		got, err := c.Upper(t.Context(), Text{"hello"})
		if err != nil || got.S != "HELLO" {
			t.Error(got, err)
		}
	})
	hand := testing.AllocsPerRun(1000, func() { callByHand(t, client) })
	t.Logf("by hand %v, ours %v", hand, ours)
	require.Less(t, ours, 0.75*hand)
}

func callByHand(t *testing.T, client *http.Client) {
	t.Helper()
	body, err := json.Marshal(&Text{"hello"})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/upper", bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var got Text
	require.NoError(t, json.Unmarshal(b, &got))
}

func BenchmarkSmallPOST(b *testing.B) {
	for name, path := range map[string]string{"by hand": "/hand", "mounted": "/upper"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			f := measured(smallPOST(b), path)
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkClient(b *testing.B) {
	var c Strings
	dial(b, listen(b, smallPOST(b)), &c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Upper(b.Context(), Text{"hello"}); err != nil {
			b.Fatal(err)
		}
	}
}
