package httpx_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// TestCallTimeout has servers that stop answering, and calls without a deadline: they
// end at the client's limit, which the server is not told.
func TestCallTimeout(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter){
		"no answer":      func(http.ResponseWriter) {},
		"a header alone": func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"half a body": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"s":"`)
			_ = http.NewResponseController(w).Flush()
		},
		"half a problem": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"NOT_FOUND",`)
			_ = http.NewResponseController(w).Flush()
		},
	} {
		for limit, opts := range map[time.Duration][]httpx.Option{
			30 * time.Second: nil, time.Minute: {httpx.CallTimeout(time.Hour), httpx.CallTimeout(time.Minute)},
			time.Hour: {httpx.NoCallTimeout(), httpx.CallTimeout(time.Hour)},
		} {
			t.Run(name+", "+limit.String(), func(t *testing.T) {
				t.Parallel()
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					if r.Header.Get("Connect-Timeout-Ms") != "" {
						t.Error("the server was told a deadline")
					}
					answer(w)
					<-r.Context().Done()
				})
				inBubble(t, h, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
					for method, maybe := range map[string]bool{"PUT": false, "POST": true} {
						c := route[Text, Text](method, "/", nil)
						require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), c, opts...))
						start := time.Now()
						_, err := c.Do(t.Context(), Text{"x"})
						require.Equal(t, limit, time.Since(start))
						require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
						require.ErrorIs(t, err, context.DeadlineExceeded)
						require.NotErrorIs(t, err, context.Canceled)
						require.EqualError(t, err, "not answered within "+limit.String()+", the client's limit for calls without a deadline")
						require.True(t, endpoint.ServerFault(err))
						require.Equal(t, maybe, endpoint.MaybeSent(err))
					}
				})
			})
		}
	}
}

// TestNoCallTimeout has calls that the limit does not concern: one of a client without
// it, one with a deadline, and a stream.
func TestNoCallTimeout(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(time.Hour): //nolint:forbidigo // fake time
		case <-r.Context().Done():
		}
		if r.URL.Path == "/count" {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "event: end\ndata: {}\n\n")
			return
		}
		_, _ = io.WriteString(w, "{}")
	})
	inBubble(t, h, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		var limited, free allKinds
		conn := httpx.To("http://x", httpx.HTTPClient(client))
		require.NoError(t, httpx.Client(conn, &limited, httpx.CallTimeout(time.Second)))
		require.NoError(t, httpx.Client(conn, &free, httpx.CallTimeout(time.Second), httpx.NoCallTimeout()))
		_, err := free.Say(t.Context(), Text{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		_, err = limited.Say(ctx, Text{})
		require.NoError(t, err)
		_, err = limited.Sum(t.Context(), endpoint.StreamOf(Text{}))
		require.NoError(t, err)
		items, err := limited.Count(t.Context(), Text{})
		require.NoError(t, err)
		_, err = items.Collect()
		require.NoError(t, err)
	})
}

func TestCallTimeoutFaults(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]httpx.Option{
		"httpx: option CallTimeout: the time must be positive, got 0s; NoCallTimeout sets no bound":  httpx.CallTimeout(0),
		"httpx: option CallTimeout: the time must be positive, got -1s; NoCallTimeout sets no bound": httpx.CallTimeout(-time.Second),
	} {
		require.EqualError(t, httpx.Client(httpx.To("http://x"), failing(nil), opt), want)
	}
	for want, opt := range map[string]httpx.Option{
		"option CallTimeout is for clients": httpx.CallTimeout(time.Second), "option NoCallTimeout is for clients": httpx.NoCallTimeout(),
	} {
		require.EqualError(t, httpx.Mount(http.NewServeMux(), failing(nil), opt), "httpx: "+want)
		require.Contains(t, catch(func() { httpx.Handler(failing(nil).Do, opt) }), want)
	}
	require.Equal(t, 30*time.Second, httpx.DefaultCallTimeout)
}
