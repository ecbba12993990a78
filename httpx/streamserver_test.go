package httpx_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

type from struct {
	N    int `query:"n"`
	Last int `header:"Last-Event-ID"`
}

type tick struct {
	N int `json:"n" sse:"id"`
}

type count1 struct {
	N int `json:"n"`
}

var errBroken = endpoint.Define(endpoint.Aborted, "feed", "BROKEN", "broken")

// feed is a service with a stream on each side.
type feed struct {
	Ticks endpoint.Endpoint[from, endpoint.Stream[tick]]
	Sum   endpoint.Endpoint[endpoint.Stream[count1], count1]
	Twice endpoint.Endpoint[endpoint.Stream[count1], endpoint.Stream[count1]]
}

func (f *feed) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/ticks", &f.Ticks, httpx.Fails(errBroken))
	r.ClientStream("POST", "/sum", &f.Sum, httpx.Fails(errBroken))
	r.Bidi("POST", "/twice", &f.Twice, httpx.Fails(errBroken))
}

func newFeed() *feed {
	return &feed{
		Ticks: func(_ context.Context, f from) (endpoint.Stream[tick], error) {
			if f.N < 0 {
				return nil, errBroken.With("less than none")
			}
			return func(yield func(tick, error) bool) {
				for i := f.Last + 1; i <= f.N; i++ {
					if i == 1000 {
						yield(tick{}, errBroken)
						return
					}
					if !yield(tick{i}, nil) {
						return
					}
				}
			}, nil
		},
		Sum: func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
			sum := 0
			for n, err := range s {
				if err != nil {
					return count1{}, err
				}
				if n.N < 0 {
					return count1{}, errBroken
				}
				sum += n.N
			}
			return count1{sum}, nil
		},
		Twice: func(_ context.Context, s endpoint.Stream[count1]) (endpoint.Stream[count1], error) {
			return func(yield func(count1, error) bool) {
				for n, err := range s {
					if err != nil {
						yield(count1{}, err)
						return
					}
					if !yield(count1{2 * n.N}, nil) {
						return
					}
				}
			}, nil
		},
	}
}

// listen2 serves h over HTTP/1 and, without encryption, HTTP/2.
func listen2(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// feeds returns a client of h for each version of HTTP.
func feeds(t *testing.T, h http.Handler, opts ...httpx.Option) map[string]*feed {
	t.Helper()
	url := listen2(t, h)
	all := map[string]*feed{"HTTP/1": {}, "HTTP/2": {}}
	for version, f := range all {
		var with []httpx.ConnOption
		if version == "HTTP/2" {
			with = append(with, httpx.H2C())
		}
		conn := httpx.To(url, with...)
		t.Cleanup(func() { conn.Close() })
		require.NoError(t, httpx.Client(conn, f, opts...))
	}
	return all
}

func numbers(ns ...int) endpoint.Stream[count1] {
	return func(yield func(count1, error) bool) {
		for _, n := range ns {
			if !yield(count1{n}, nil) {
				return
			}
		}
	}
}

func TestServerStream(t *testing.T) {
	t.Parallel()
	for version, f := range feeds(t, mounted(t, newFeed())) {
		for _, n := range []int{0, 1, 5, 999} {
			s, err := f.Ticks(t.Context(), from{N: n})
			require.NoError(t, err)
			for range 2 { // cold: each range is a call
				ticks, err := s.Collect()
				require.NoError(t, err, version)
				require.Len(t, ticks, n)
			}
		}
		s, err := f.Ticks(t.Context(), from{N: -1})
		require.NoError(t, err, "calling is not yet the call")
		_, err = s.Collect()
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, "less than none", endpoint.ErrorOf(err).Message())

		s, err = f.Ticks(t.Context(), from{N: 2000})
		require.NoError(t, err)
		ticks, err := s.Collect()
		require.ErrorIs(t, err, errBroken, version)
		require.Len(t, ticks, 999)
	}
}

func TestServerStreamOnTheWire(t *testing.T) {
	t.Parallel()
	h := mounted(t, newFeed())
	a := ask(t, h, "GET", "/ticks?n=2", "")
	require.Equal(t, 200, a.status)
	require.Equal(t, "text/event-stream", a.header.Get("Content-Type"))
	require.Equal(t, "id: 1\ndata: {\"n\":1}\n\nid: 2\ndata: {\"n\":2}\n\nevent: end\ndata: {}\n\n", a.body)
	a = ask(t, h, "GET", "/ticks?n=2", "", "Last-Event-ID", "1")
	require.Equal(t, "id: 2\ndata: {\"n\":2}\n\nevent: end\ndata: {}\n\n", a.body)
	require.Equal(t, "BROKEN", ask(t, h, "GET", "/ticks?n=-1", "").problem(t).Reason)
	require.Equal(t, []string{"query:n: must be an integer"}, ask(t, h, "GET", "/ticks?n=x", "").faults(t))
	require.Equal(t, 406, ask(t, h, "GET", "/ticks", "", "Accept", "application/json").status)
	a = ask(t, h, "GET", "/ticks?n=1000", "")
	require.Contains(t, a.body, "event: error\ndata: {\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409")
	require.NotContains(t, a.body, "event: end")
	a = ask(t, h, "HEAD", "/ticks?n=2", "")
	require.Equal(t, "text/event-stream", a.header.Get("Content-Type"))
	require.Empty(t, a.body)
}

func TestClientStream(t *testing.T) {
	t.Parallel()
	h := mounted(t, newFeed())
	for version, f := range feeds(t, h) {
		n, err := f.Sum(t.Context(), numbers(1, 2, 3))
		require.NoError(t, err, version)
		require.Equal(t, count1{6}, n)
		n, err = f.Sum(t.Context(), nil)
		require.NoError(t, err, version)
		require.Equal(t, count1{0}, n)
		_, err = f.Sum(t.Context(), numbers(1, -1, 3))
		require.ErrorIs(t, err, errBroken, version)
		own := errors.New("the producer failed")
		_, err = f.Sum(t.Context(), func(yield func(count1, error) bool) {
			_ = yield(count1{1}, nil) && yield(count1{}, own)
		})
		require.ErrorIs(t, err, own, version)
		require.PanicsWithValue(t, "boom", func() {
			_, _ = f.Sum(t.Context(), func(func(count1, error) bool) { panic("boom") })
		}, version)
	}
	const ndjson = "application/x-ndjson"
	require.Equal(t, `{"n":3}`, ask(t, h, "POST", "/sum", "{\"n\":1}\n\n{\"n\":2}", "Content-Type", ndjson).body)
	require.Equal(t, []string{"/1/n: must be a number"}, ask(t, h, "POST", "/sum", "{\"n\":1}\n{\"n\":\"x\"}\n", "Content-Type", ndjson).faults(t))
	require.Equal(t, 415, ask(t, h, "POST", "/sum", "{}", "Content-Type", "application/json").status)
	require.Equal(t, 413, ask(t, h, "POST", "/sum", `{"n":`+strings.Repeat(" ", 2<<20)+"1}", "Content-Type", ndjson).status)
}

// TestClientStreamReadAfterItsHandler leaves the reading to a goroutine, as a client
// does to which a handler passes its request stream on.
func TestClientStreamReadAfterItsHandler(t *testing.T) {
	t.Parallel()
	for _, answer := range []error{nil, errBroken} {
		var reading sync.WaitGroup
		svc := newFeed()
		svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
			reading.Go(func() { _, _ = s.Collect() })
			return count1{1}, answer
		}
		for version, f := range feeds(t, mounted(t, svc)) {
			for range 50 {
				_, err := f.Sum(t.Context(), numbers(1, 2, 3))
				require.ErrorIs(t, err, answer, version)
				reading.Wait()
			}
		}
	}
}

func TestBidi(t *testing.T) {
	t.Parallel()
	fs := feeds(t, mounted(t, newFeed()))
	f := fs["HTTP/2"]
	s, err := f.Twice(t.Context(), numbers(1, 2, 3))
	require.NoError(t, err)
	got, err := s.Collect()
	require.NoError(t, err)
	require.Equal(t, []count1{{2}, {4}, {6}}, got)

	// Each answer is waited for before the next question.
	answers := make(chan count1)
	s, err = f.Twice(t.Context(), func(yield func(count1, error) bool) {
		for n := 1; n < 100; {
			if !yield(count1{n}, nil) {
				return
			}
			select {
			case a := <-answers:
				n = a.N
			case <-t.Context().Done():
				return
			}
		}
	})
	require.NoError(t, err)
	last := 0
	for n, err := range s {
		require.NoError(t, err)
		last = n.N
		answers <- n
	}
	require.Equal(t, 128, last)

	s, err = fs["HTTP/1"].Twice(t.Context(), numbers(1))
	require.NoError(t, err)
	_, err = s.Collect()
	require.ErrorIs(t, err, httpx.ErrNeedsHTTP2)
}

func TestStreamBreak(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 8)
	h := mounted(t, newFeed(), httpx.Use(&layer{exit: func(_ context.Context, err error) error {
		ended <- err
		return err
	}}))
	exits := make(chan error, 8)
	for version, f := range feeds(t, h, httpx.Use(&layer{exit: func(_ context.Context, err error) error {
		exits <- err
		return err
	}})) {
		s, err := f.Ticks(t.Context(), from{N: 999})
		require.NoError(t, err)
		for n, err := range s {
			require.NoError(t, err)
			if n.N == 3 {
				break
			}
		}
		require.ErrorIs(t, <-exits, endpoint.ErrStopped, version)
		<-ended // the server's layers end too
		require.PanicsWithValue(t, "body", func() {
			for range s {
				panic("body")
			}
		})
		var p *endpoint.PanicError
		require.ErrorAs(t, <-exits, &p, version)
		<-ended
	}
}

func TestStreamCut(t *testing.T) {
	t.Parallel()
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte("data: {\"n\":1}\n\ndata: {\"n\":2}\n"))
	}))
	f := &feed{}
	dial(t, url, f)
	s, err := f.Ticks(t.Context(), from{})
	require.NoError(t, err)
	got, err := s.Collect()
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.Equal(t, []tick{{1}}, got)
}

type resuming struct {
	Ticks endpoint.Endpoint[from, endpoint.Stream[tick]]
}

func (f *resuming) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/ticks", &f.Ticks, httpx.Resume())
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	calls := 0
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		last, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		for i := last + 1; i <= 10; i++ {
			_, _ = w.Write([]byte("id: " + strconv.Itoa(i) + "\ndata: {\"n\":" + strconv.Itoa(i) + "}\n\n"))
			if i%4 == 0 {
				return
			}
		}
		_, _ = w.Write([]byte("event: end\ndata\n\n"))
	}))
	f := &resuming{}
	dial(t, url, f)
	s, err := f.Ticks(t.Context(), from{})
	require.NoError(t, err)
	got, err := s.Collect()
	require.NoError(t, err)
	require.Equal(t, 3, calls)
	for i, n := range got {
		require.Equal(t, i+1, n.N)
	}
	require.Len(t, got, 10)
}
