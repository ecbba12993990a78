package httpx_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// TestStreamCuts holds that no end but the event "end" is one.
func TestStreamCuts(t *testing.T) {
	t.Parallel()
	const first = "id: 1\ndata: {\"n\":1}\n\n"
	for name, body := range map[string]string{
		"before an item": "", "mid-stream": first, "mid-event": first + "data: {\"n\":2}\n", "mid-line": first + "data: {\"n\"",
		"in the end": first + "event: end\ndata: {}\n", "in an error": first + "event: error\ndata: {\"sta",
	} {
		for how, abort := range map[string]bool{"ended": false, "reset": true} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					_, _ = io.WriteString(w, body)
					_ = http.NewResponseController(w).Flush()
					if abort {
						panic(http.ErrAbortHandler)
					}
				})
				for version, f := range feeds(t, h) {
					s, err := f.Ticks(t.Context(), from{})
					require.NoError(t, err)
					_, err = s.Collect()
					require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), version)
					require.False(t, endpoint.ErrorOf(err).Remote())
				}
			})
		}
	}
}

// TestRequestStreamCut holds that a request stream whose connection breaks never
// looks like one that ended.
func TestRequestStreamCut(t *testing.T) {
	t.Parallel()
	const head = "POST /sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, sent := range map[string]string{
		"before a line": "", "between lines": "8\r\n{\"n\":1}\n\r\n", "in a line": "4\r\n{\"n\"\r\n", "in a chunk": "8\r\n{\"n\":1}",
		"a line without its end": "7\r\n{\"n\":1}\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			svc := newFeed()
			svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
				_, err := s.Collect()
				ended <- err
				return count1{}, err
			}
			url := listen2(t, mounted(t, svc))
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
			require.NoError(t, err)
			_, err = io.WriteString(conn, head+sent)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-ended))
		})
	}
}

// resumeFrom is a request with a parameter in a header, beside where to go on.
type resumeFrom struct {
	Last int    `header:"Last-Event-ID"`
	Team string `header:"Team"`
}

type resumed struct {
	Ticks endpoint.Endpoint[resumeFrom, endpoint.Stream[tick]]
}

func (f *resumed) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/ticks", &f.Ticks, httpx.Resume(), httpx.Fails(errBroken))
}

// TestResume runs in a bubble, with a server that drops its connections.
func TestResume(t *testing.T) {
	t.Parallel()
	const n = 50
	calls := 0
	svc := &resumed{Ticks: func(_ context.Context, from resumeFrom) (endpoint.Stream[tick], error) {
		if from.Team != "red" {
			return nil, errBroken
		}
		return func(yield func(tick, error) bool) {
			calls++
			for i := from.Last + 1; i <= n; i++ {
				if !yield(tick{i}, nil) {
					return
				}
				if i%7 == 0 && from.Last < i-1 {
					panic(http.ErrAbortHandler)
				}
			}
		}, nil
	}}
	inBubble(t, mounted(t, svc), func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f := &resumed{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f))
		ctx := endpoint.WithHeader(t.Context(), "X-Other", "1")
		s, err := f.Ticks(ctx, resumeFrom{Team: "red"})
		require.NoError(t, err)
		got, err := s.Collect()
		require.NoError(t, err)
		require.Len(t, got, n)
		for i, v := range got {
			require.Equal(t, i+1, v.N)
		}
		require.Equal(t, 8, calls)
	})
}

// dropped breaks off after the header; before it, net/http would ask again by
// itself over another connection.
func dropped(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// TestResumeEnds holds, in a bubble, when a client gives up: after ten tries
// without an item, at a typed error, and when its time is over.
func TestResumeEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		later func(w http.ResponseWriter) // the answer to each request but the first
		time  time.Duration
		calls int
		code  endpoint.Code
	}{
		"fruitless": {dropped, 0, 11, endpoint.Unavailable},
		"a typed error": {func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "event: error\ndata: {\"status\":409,\"code\":\"ABORTED\"}\n\n")
		}, 0, 2, endpoint.Aborted},
		"no time": {dropped, 1100 * time.Millisecond, 4, endpoint.DeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				w.Header().Set("Content-Type", "text/event-stream")
				if calls > 1 {
					if got := r.Header.Values("Last-Event-ID"); len(got) != 1 || got[0] != "1" {
						t.Errorf("request %s goes on after %q", strconv.Itoa(calls), got)
					}
					tt.later(w)
					return
				}
				_, _ = io.WriteString(w, "id: 1\ndata: {\"n\":1}\n\n")
			})
			inBubble(t, h, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
				f := &resumed{}
				require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f))
				ctx := t.Context()
				if tt.time > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.time)
					defer cancel()
				}
				s, err := f.Ticks(ctx, resumeFrom{})
				require.NoError(t, err)
				got, err := s.Collect()
				require.Equal(t, tt.code, endpoint.CodeOf(err), err)
				require.Len(t, got, 1)
				synctest.Wait()
				require.Equal(t, tt.calls, calls)
			})
		})
	}
}

// flaky is a target whose first connection leads nowhere.
type flaky struct {
	*httpx.Conn
	dead *httpx.Conn
	n    int
}

func (f *flaky) Acquire(ctx context.Context) (*httpx.Conn, endpoint.Token, error) {
	if f.n++; f.n == 1 {
		return f.dead.Acquire(ctx)
	}
	return f.Conn.Acquire(ctx)
}

// again is a layer that repeats what fails.
type again struct{ layer }

func (*again) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, t, true
}

// TestRepeatUnsentStream holds that a request stream is ranged over once, by the
// attempt that finds a server.
func TestRepeatUnsentStream(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := httpx.To("http://" + l.Addr().String())
	require.NoError(t, l.Close())
	live := httpx.To(listen2(t, mounted(t, newFeed())))
	t.Cleanup(func() { live.Close() })
	f := &feed{}
	require.NoError(t, httpx.Client(&flaky{Conn: live, dead: dead}, f, httpx.Use(&again{})))
	ranged := 0
	n, err := f.Sum(t.Context(), func(yield func(count1, error) bool) {
		ranged++
		_ = yield(count1{1}, nil) && yield(count1{2}, nil)
	})
	require.NoError(t, err)
	require.Equal(t, count1{3}, n)
	require.Equal(t, 1, ranged)
}
