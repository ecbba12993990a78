package httpx_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// A sender is a client that sends a request bit by bit.
type sender struct {
	net.Conn
	answer *bufio.Reader
}

// newSender returns, in a bubble, a client that is connected to l.
func newSender(t *testing.T, l *endpointtest.Listener) *sender {
	t.Helper()
	conn, err := l.Dial(t.Context(), "", "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &sender{conn, bufio.NewReader(conn)}
}

// begin sends, in a bubble, the header of a POST with a body of size bytes, and
// the first part of it.
func begin(t *testing.T, l *endpointtest.Listener, path string, size int, part string) *sender {
	t.Helper()
	s := newSender(t, l)
	contentType := "application/json"
	length := fmt.Sprintf("Content-Length: %d", size)
	if size < 0 {
		contentType, length = "application/x-ndjson", "Transfer-Encoding: chunked"
	}
	s.send(t, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: "+contentType+"\r\n"+length+"\r\n\r\n"+part)
	return s
}

func (s *sender) send(t *testing.T, part string) {
	t.Helper()
	_, err := io.WriteString(s, part)
	require.NoError(t, err)
}

// item sends a chunk with an item of a request stream.
func (s *sender) item(t *testing.T, line string) {
	t.Helper()
	s.send(t, fmt.Sprintf("%x\r\n%s\n\r\n", len(line)+1, line))
}

// read returns the status and the body of the answer.
func (s *sender) read(t *testing.T) (int, string) {
	t.Helper()
	resp, err := http.ReadResponse(s.answer, nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func submit(t *testing.T, client *http.Client, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

type words struct {
	S string `json:"s"`
}

// TestHalfBodyHoldsNoPlace has more bodies that do not come than there are places.
func TestHalfBodyHoldsNoPlace(t *testing.T) {
	t.Parallel()
	for name, places := range map[string]endpoint.Layer{
		"Bulkhead": resilience.NewBulkhead(1),
		"Adaptive": resilience.NewAdaptive(resilience.Limits(1, 1)),
		"Shed":     resilience.NewShed(resilience.Limits(1, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := mounted(t, echo[words]("POST", "/"), httpx.Use(places))
			inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
				var slow []*sender
				for range 3 {
					slow = append(slow, begin(t, l, "/", 9, `{`))
				}
				synctest.Wait()
				status, body := submit(t, client, "/", `{"s":"a"}`)
				require.Equal(t, http.StatusOK, status, body)
				for _, s := range slow {
					s.send(t, `"s":"b"}`)
					status, body := s.read(t)
					require.Equal(t, http.StatusOK, status, body)
					require.JSONEq(t, `{"s":"b"}`, body)
				}
			})
		})
	}
}

// held is a handler that waits until it is released.
type held struct{ began, release chan struct{} }

// init makes the channels, which belong to the bubble of the caller.
func (h *held) init() { h.began, h.release = make(chan struct{}), make(chan struct{}) }

func (h *held) do(ctx context.Context, v words) (words, error) {
	h.began <- struct{}{}
	select {
	case <-h.release:
		return v, nil
	case <-ctx.Done():
		return v, ctx.Err()
	}
}

// TestFullServer refuses calls before their bodies come, and the call of which the
// body came too late for the last place.
func TestFullServer(t *testing.T) {
	t.Parallel()
	handler := &held{}
	h := mounted(t, route("POST", "/", handler.do), httpx.Use(resilience.NewBulkhead(1)))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		handler.init()
		late := begin(t, l, "/", 9, `{`)
		synctest.Wait() // it was admitted
		first := begin(t, l, "/", 9, `{"s":"a"}`)
		<-handler.began

		start := time.Now()
		refused := begin(t, l, "/", 9, `{`)
		status, body := refused.read(t)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, body, "OUT_OF_CAPACITY")
		require.LessOrEqual(t, time.Since(start), 10*time.Millisecond, "it waited for the body")

		late.send(t, `"s":"b"}`)
		status, body = late.read(t)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, body, "OUT_OF_CAPACITY")

		close(handler.release)
		status, _ = first.read(t)
		require.Equal(t, http.StatusOK, status)
	})
}

// TestOrderAroundReading has layers before and after one that takes places.
func TestOrderAroundReading(t *testing.T) {
	t.Parallel()
	var log endpointtest.Recorder
	note := func(name string) endpoint.Layer {
		return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			log.Log("%s enters", name)
			return ctx, func(err error) error { log.Log("%s exits", name); return err }, nil
		})
	}
	handler := func(_ context.Context, v words) (words, error) { log.Log("handler %s", v.S); return v, nil }
	h := mounted(t, route("POST", "/", handler), httpx.Use(note("before"), resilience.NewBulkhead(1), note("after")))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		s := begin(t, l, "/", 9, `{"s"`)
		synctest.Wait()
		require.Equal(t, []string{"before enters"}, log.Reset())
		s.send(t, `:"a"}`)
		status, _ := s.read(t)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, []string{"after enters", "handler a", "after exits", "before exits"}, log.Reset())

		s = begin(t, l, "/", 9, `{`)
		status, body := s.read(t)
		require.Equal(t, http.StatusRequestTimeout, status, body)
		require.Equal(t, []string{"before enters", "before exits"}, log.Reset(), "a body that does not come is nothing to the layers that follow")
	})
}

// uploading is a service with a request stream, and one with a response stream.
type uploading struct {
	Up   endpoint.Endpoint[endpoint.Stream[words], words]
	Down endpoint.Endpoint[words, endpoint.Stream[words]]
}

func (s *uploading) HTTP(r *httpx.Routes) {
	r.ClientStream("POST", "/up", &s.Up, httpx.BodyTimeout(5*time.Second))
	r.ServerStream("POST", "/down", &s.Down)
}

func newUploading() *uploading {
	return &uploading{
		Up: func(_ context.Context, items endpoint.Stream[words]) (words, error) {
			all, err := items.Collect()
			return words{fmt.Sprint(all)}, err
		},
		Down: func(_ context.Context, v words) (endpoint.Stream[words], error) { return endpoint.StreamOf(v, v), nil },
	}
}

// TestStreamsTakePlaces has, in a bubble, a request stream without items, whose place
// goes to others until its first item comes, or its time is over.
func TestStreamsTakePlaces(t *testing.T) {
	t.Parallel()
	h := mounted(t, newUploading(), httpx.Use(resilience.NewBulkhead(1)))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		s := begin(t, l, "/up", -1, "")
		synctest.Wait()
		half := begin(t, l, "/down", 9, "{")
		synctest.Wait()
		status, body := submit(t, client, "/down", `{"s":"a"}`)
		require.Equal(t, http.StatusOK, status, body)
		require.Equal(t, 2, strings.Count(body, `{"s":"a"}`), body)
		half.send(t, `"s":"b"}`)
		status, body = half.read(t)
		require.Equal(t, http.StatusOK, status, body)

		s.item(t, `{"s":"1"}`)
		synctest.Wait()
		status, _ = submit(t, client, "/down", `{"s":"a"}`)
		require.Equal(t, http.StatusServiceUnavailable, status, "the request stream has the place")
		s.item(t, `{"s":"2"}`)
		time.Sleep(time.Hour) // once it has a place, its items come when they like
		s.item(t, `{"s":"3"}`)
		s.send(t, "0\r\n\r\n")
		status, body = s.read(t)
		require.Equal(t, http.StatusOK, status)
		require.JSONEq(t, `{"s":"[{1} {2} {3}]"}`, body)

		s = begin(t, l, "/up", -1, "")
		start := time.Now()
		status, body = s.read(t)
		require.Equal(t, http.StatusRequestTimeout, status, body)
		require.Equal(t, 5*time.Second, time.Since(start))

		s = begin(t, l, "/up", -1, "0\r\n\r\n")
		status, body = s.read(t)
		require.Equal(t, http.StatusOK, status, "a stream without items has its end")
		require.JSONEq(t, `{"s":"[]"}`, body)
	})
}

// TestReadBudget has bodies whose parts fill the budget.
func TestReadBudget(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[words]("POST", "/"), httpx.ReadBudget(16<<10))
	long := func(n int) string { return `{"s":"` + strings.Repeat("a", n-8) + `"}` }
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		for range 100 {
			begin(t, l, "/", 1<<19, "") // what is announced takes nothing
		}
		body := long(12 << 10)
		half := begin(t, l, "/", len(body), body[:6<<10])
		synctest.Wait()
		status, answer := submit(t, client, "/", long(20<<10))
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, answer, "OUT_OF_CAPACITY")
		status, answer = submit(t, client, "/", long(3<<10))
		require.Equal(t, http.StatusOK, status, answer)

		half.send(t, body[6<<10:])
		status, answer = half.read(t)
		require.Equal(t, http.StatusOK, status, answer)
		status, answer = submit(t, client, "/", long(15<<10))
		require.Equal(t, http.StatusOK, status, "what the others took is there again")
		require.JSONEq(t, long(15<<10), answer)
	})
}

// TestReadBudgetFaults has budgets that are none.
func TestReadBudgetFaults(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{0, -1} {
		err := httpx.Mount(http.NewServeMux(), echo[words]("POST", "/"), httpx.ReadBudget(n))
		require.ErrorContains(t, err, fmt.Sprintf("option ReadBudget: %d bytes, want a positive number", n))
	}
	err := httpx.Client(httpx.To("http://x"), echo[words]("POST", "/"), httpx.ReadBudget(1))
	require.ErrorContains(t, err, "ReadBudget")
}

// halfZipped returns the start of a gzip stream, flushed but without an end, of n letters.
func halfZipped(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, `{"s":"`+strings.Repeat("a", n))
	require.NoError(t, err)
	require.NoError(t, z.Flush())
	return b.String()
}

// chunk returns text as a chunk of a body.
func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// raw begins, in a bubble, a request with a chunked body.
func raw(t *testing.T, l *endpointtest.Listener, header, body string) *sender {
	t.Helper()
	s := newSender(t, l)
	s.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"+header+"\r\n"+body)
	return s
}

// TestReadBudgetOfGzip has bodies that are large once they are decompressed, and do
// not come to their end: they take what was sent.
func TestReadBudgetOfGzip(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[words]("POST", "/"), httpx.ReadBudget(16<<10))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		for range 20 {
			raw(t, l, "Content-Encoding: gzip\r\n", chunk(halfZipped(t, 600<<10)))
		}
		synctest.Wait()
		long := `{"s":"` + strings.Repeat("a", 8<<10) + `"}`
		status, body := submit(t, client, "/", long)
		require.Equal(t, http.StatusOK, status, body)
	})
}

// TestGzipAtLimit has a body of gzip members that ends nowhere, at the largest size
// that is read.
func TestGzipAtLimit(t *testing.T) {
	t.Parallel()
	const limit = 1000
	h := mounted(t, echo[words]("POST", "/", httpx.MaxBody(limit), httpx.BodyTimeout(time.Second)))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		var member strings.Builder
		z := gzip.NewWriter(&member)
		_, err := io.WriteString(z, `{"s":"a"}`)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		var none strings.Builder
		require.NoError(t, gzip.NewWriter(&none).Close())
		body := member.String()
		for len(body) < limit+1 {
			body += none.String()
		}
		s := raw(t, l, "Content-Encoding: gzip\r\n", chunk(body))
		start := time.Now()
		status, _ := s.read(t)
		require.Equal(t, http.StatusRequestEntityTooLarge, status)
		require.Less(t, time.Since(start), time.Second)
	})
}

// TestReadBudgetFree checks that small bodies take nothing, in whatever form.
func TestReadBudgetFree(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[words]("POST", "/"), httpx.ReadBudget(1))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		for _, n := range []int{1, 600, 3000, 4000} {
			body := `{"s":"` + strings.Repeat("a", n) + `"}`
			status, answer := submit(t, client, "/", body)
			require.Equal(t, http.StatusOK, status, answer)
			status, answer = raw(t, l, "", chunk(body)+"0\r\n\r\n").read(t)
			require.Equal(t, http.StatusOK, status, answer)
		}
	})
}

// TestReadBudgetOfItems has items of request streams that fill the budget before they
// have come.
func TestReadBudgetOfItems(t *testing.T) {
	t.Parallel()
	h := mounted(t, newUploading(), httpx.ReadBudget(16<<10))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		half := begin(t, l, "/up", -1, chunk(`{"s":"`+strings.Repeat("a", 12<<10)))
		synctest.Wait()
		other := begin(t, l, "/up", -1, chunk(`{"s":"`+strings.Repeat("a", 12<<10)+`"}`)+"0\r\n\r\n")
		status, body := other.read(t)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, body, "OUT_OF_CAPACITY")
		half.send(t, chunk("\"}\n")+"0\r\n\r\n")
		status, body = half.read(t)
		require.Equal(t, http.StatusOK, status, body)
		other = begin(t, l, "/up", -1, chunk(`{"s":"`+strings.Repeat("a", 12<<10)+`"}`)+"0\r\n\r\n")
		status, body = other.read(t)
		require.Equal(t, http.StatusOK, status, body)
	})
}

// TestRefusedStreamWithPlaces has, in a bubble, a call that is refused for its type, and
// a layer that takes its time while heartbeats are due: its status stays.
func TestRefusedStreamWithPlaces(t *testing.T) {
	t.Parallel()
	slow := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error { time.Sleep(time.Minute); return err }, nil
	})
	h := mounted(t, newUploading(), httpx.Use(slow, resilience.NewBulkhead(1)))
	inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		s := newSender(t, l)
		s.send(t, "POST /down HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\n{}")
		status, _ := s.read(t)
		require.Equal(t, http.StatusUnsupportedMediaType, status)
	})
}
