package zipkin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint/observe/internal/construct"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// errClosed is the error of an export after Shutdown.
var errClosed = errors.New("zipkin: the exporter is shut down")

// errTimeout is why an export that takes too long ends.
var errTimeout = fmt.Errorf("the export timed out: %w", context.DeadlineExceeded)

// An Exporter sends spans to one URL. It is for sdktrace.WithBatcher.
//
// A call of ExportSpans sends the spans in requests of at most 1 MiB ([MaxBody]), one
// after another, and returns within 10 s ([Timeout]). A request is repeated at most twice,
// and only if the server has not taken its spans: it could not be connected to, or it
// answered 429 or 503. A span that is too large for a request is sent without
// its annotations and most of its tags.
//
// Make one with [New]. An Exporter is safe for concurrent use, starts no goroutine and
// keeps no span: the provider has the queue. See decision 193.
type Exporter struct {
	url     string // read-only after New, as all but closed
	client  *http.Client
	own     *http.Transport // of client, unless the user gave one
	timeout time.Duration
	maxBody int

	closed atomic.Bool
}

var _ sdktrace.SpanExporter = (*Exporter)(nil)

// New returns an Exporter that sends spans to collector, an http or https URL such as
// "http://localhost:9411/api/v2/spans". The path is /api/v2/spans if the URL has none. A
// user name and password in the URL are sent as HTTP Basic authentication. The error joins
// all that is wrong with the arguments.
func New(collector string, opts ...Option) (*Exporter, error) {
	e := &Exporter{timeout: 10 * time.Second, maxBody: 1 << 20}
	s := &settings{e, construct.By("zipkin: New")}
	s.setURL(collector)
	construct.Options(&s.faults, s, opts, Option.apply)
	if err := s.faults.Err(); err != nil {
		return nil, err
	}
	if e.client == nil {
		e.own = newTransport()
		e.client = &http.Client{Transport: e.own, CheckRedirect: refuseRedirect}
	}
	return e, nil
}

// setURL parses the collector's URL. A fault does not repeat it: it may have a password.
func (s *settings) setURL(collector string) {
	u, err := url.Parse(collector)
	if err != nil {
		s.faults.Check(false, "the URL is malformed")
		return
	}
	s.faults.Check(u.Scheme == "http" || u.Scheme == "https", "the scheme of the URL must be http or https, got %q", u.Scheme)
	s.faults.Check(u.Hostname() != "", "the URL has no host")
	if u.Path == "" || u.Path == "/" {
		u.Path = "/api/v2/spans"
	}
	s.url = u.String()
}

// ExportSpans sends spans. If some of them could not be sent, the error has their number
// and joins the reasons. After Shutdown it sends nothing.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if e.closed.Load() {
		return errClosed
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.timeout, errTimeout)
	defer cancel()
	var errs []error
	lost := 0
	for b := range e.batches(spans) {
		if len(errs) > 0 && ctx.Err() != nil {
			lost += b.spans
		} else if err := e.send(ctx, b.body); err != nil {
			lost += b.spans
			errs = append(errs, err)
		}
	}
	if lost > 0 {
		return fmt.Errorf("zipkin: %d of %d spans are lost: %w", lost, len(spans), errors.Join(errs...))
	}
	return nil
}

// Shutdown ends the use of the Exporter: later exports fail. The provider calls it when it
// has exported what it had. It closes idle connections, unless they are those of
// [HTTPClient]. The error is always nil.
func (e *Exporter) Shutdown(context.Context) error {
	e.closed.Store(true)
	if e.own != nil {
		e.own.CloseIdleConnections()
	}
	return nil
}
