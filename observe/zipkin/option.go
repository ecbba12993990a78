package zipkin

import (
	"net/http"
	"time"

	"github.com/typedkit/endpoint/observe/internal/construct"
)

// An Option is for [New].
type Option interface{ apply(s *settings) }

type option func(*settings)

func (f option) apply(s *settings) { f(s) }

// settings is an Exporter being made.
type settings struct {
	*Exporter
	faults construct.Faults
}

// HTTPClient sets the client that sends the requests, for credentials, TLS or a proxy. The
// default is a client of the Exporter's own, which follows no redirect. A change of c
// after New has no effect. A nil c is a fault.
func HTTPClient(c *http.Client) Option {
	return option(func(s *settings) {
		if s.faults.Check(c != nil, "HTTPClient: the client is nil") {
			taken := *c
			s.client = &taken
		}
	})
}

// Timeout bounds a call of ExportSpans with all its requests and pauses. The default is
// 10 s; d must be positive. The provider's own bound, 30 s by default, holds as well.
func Timeout(d time.Duration) Option {
	return option(func(s *settings) {
		if s.faults.Check(d > 0, "Timeout must be positive, got %v", d) {
			s.timeout = d
		}
	})
}

// minBody has room for a span without annotations and with the tags that it keeps.
const minBody = 4 << 10

// MaxBody bounds the body of a request in bytes. The default is 1 MiB, which is about a
// thousand spans; n must be at least 4 KiB. A span that is larger by itself is sent
// without its annotations, with no tags but error, otel.status_code and those that count
// what was left out.
func MaxBody(n int) Option {
	return option(func(s *settings) {
		if s.faults.Check(n >= minBody, "MaxBody must be at least %d, got %d", minBody, n) {
			s.maxBody = n
		}
	})
}
