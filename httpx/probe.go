package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

var errProbe = errors.New("httpx: Probe: the connection was not made by To or a Dialer")

// Probe returns a probe for discover.Check: it sends GET to the path, which is appended to
// the base of the connection, and takes a status of 200 to 299 for healthy. Redirects are
// followed as those of calls are. No layer sees the exchange.
func Probe(path string) func(ctx context.Context, c *Conn) error {
	path = "/" + strings.TrimPrefix(path, "/")
	return func(ctx context.Context, c *Conn) error {
		if c == nil || c.base == nil || c.client == nil {
			return errProbe
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+path, nil)
		if err != nil {
			return fmt.Errorf("httpx: Probe: %w", err)
		}
		answer, err := c.do(r)
		if err != nil {
			return fmt.Errorf("httpx: Probe: %w", err)
		}
		defer func() { _ = answer.Body.Close() }()
		_, _ = io.CopyN(io.Discard, answer.Body, probeRead) // so that the connection is used again
		if answer.StatusCode < 200 || answer.StatusCode > 299 {
			return fmt.Errorf("httpx: Probe: the status is %d", answer.StatusCode)
		}
		return nil
	}
}

// probeRead is how much of a body is read.
const probeRead = 4 << 10
