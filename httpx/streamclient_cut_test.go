package httpx_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
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
