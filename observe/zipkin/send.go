package zipkin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/typedkit/endpoint/internal/bounds"
)

// Bounds of a request.
const (
	attempts  = 3
	pause     = 500 * time.Millisecond // before the first repeat, on average
	longPause = 5 * time.Second        // the longest that an answer can ask for
	readError = 512                    // bytes of an answer that an error has
	readRest  = 64 << 10               // bytes of an answer that are read for the connection to be used again
)

// newTransport returns the transport of an Exporter that was given no client.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    1, // a batch processor makes one request at a time
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// refuseRedirect makes a redirect the answer, and so an error: a collector sends none, and
// spans are not for whoever does.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// send posts body until it is taken, the attempts are used up, or ctx ends.
func (e *Exporter) send(ctx context.Context, body []byte) error {
	for attempt := 1; ; attempt++ {
		err := e.post(ctx, body)
		var again *retryable
		if !errors.As(err, &again) || attempt == attempts {
			return err
		}
		if !sleep(ctx, again.pause(attempt)) {
			return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
	}
}

// post sends one request.
func (e *Exporter) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	// A proxy that traces requests must not make a trace of each report of traces.
	r.Header.Set("B3", "0")
	resp, err := e.client.Do(r)
	if err != nil {
		return transportError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 == 2 {
		_, _ = io.CopyN(io.Discard, resp.Body, readRest)
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, readError))
	_, _ = io.CopyN(io.Discard, resp.Body, readRest)
	return statusError(resp, string(text))
}

// transportError returns the error of a request that has no answer. Only a connection that
// was never made is worth a repeat: after that, the spans may have been taken.
func transportError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &retryable{err: err}
	}
	return err
}

// statusError returns the error of an answer that is not a success.
func statusError(resp *http.Response, text string) error {
	err := fmt.Errorf("the collector answered %s: %s", resp.Status, bounds.Line(text))
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		after := time.Duration(min(max(seconds, 0), int(longPause/time.Second))) * time.Second
		return &retryable{err, after}
	default:
		return err
	}
}

// A retryable is the error of a request whose spans were not taken.
type retryable struct {
	err   error
	after time.Duration // 0 if the server did not say
}

func (r *retryable) Error() string { return r.err.Error() }
func (r *retryable) Unwrap() error { return r.err }

// pause returns how long to wait after the given attempt: what the server asked for, or
// longer each time, and never the same for all processes.
func (r *retryable) pause(attempt int) time.Duration {
	if r.after > 0 {
		return r.after
	}
	d := pause * time.Duration(attempt)
	return d/2 + rand.N(d) //nolint:gosec // no secret
}

// sleep reports whether it waited for d, and not for the end of ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
