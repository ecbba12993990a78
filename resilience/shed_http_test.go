package resilience_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// TestPriorityFromHopToHop: what a caller asks for reaches the server behind the
// one it calls, within the bounds of the first one's edge.
func TestPriorityFromHopToHop(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, header string // "-" for none
		edge         *resilience.Shed
		want         resilience.Priority
	}{
		{"sheddable", "-2", trusting(), resilience.Sheddable},
		{"none", "-", trusting(), resilience.Critical},
		{"far too high", "100000", trusting(), resilience.CriticalPlus},
		{"far too low", "-5", trusting(), resilience.Sheddable},
		{"no number", "x", trusting(), resilience.Critical},
		{"of a stranger", "1", resilience.NewShed(), resilience.Critical},
		{"of a stranger, lower", "-2", resilience.NewShed(), resilience.Critical},
		{"bounded", "1", trusting(resilience.MaxPriority(resilience.SheddablePlus)), resilience.SheddablePlus},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var seen resilience.Priority
				leaf := client(t, served(t, allOf(func(ctx context.Context) error {
					seen = resilience.PriorityFrom(ctx)
					return nil
				}), httpx.Use(trusting())))
				front := client(t, served(t, allOf(func(ctx context.Context) error {
					_, err := leaf.Read(ctx, ask{1})
					return err
				}), httpx.Use(tt.edge)))
				ctx := t.Context()
				if tt.header != "-" {
					ctx = endpoint.WithHeader(ctx, resilience.PriorityHeader, tt.header)
				}
				_, err := front.Read(ctx, ask{1})
				require.NoError(t, err)
				require.Equal(t, tt.want, seen)
			})
		})
	}
}

// TestShedOverHTTP: refusals arrive as themselves, and the body of a refused call
// is never read.
func TestShedOverHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := resilience.NewShed(resilience.Limits(1, 1))
		_, _, err := full.Enter(t.Context())
		require.NoError(t, err)
		slow := resilience.NewShed()
		for _, tt := range []struct {
			name   string
			shed   *resilience.Shed
			want   *endpoint.Error
			code   endpoint.Code
			status int
		}{
			{"no room", full, resilience.ErrOutOfCapacity, endpoint.Unavailable, http.StatusServiceUnavailable},
			{"too late", slow, resilience.ErrTooLate, endpoint.DeadlineExceeded, http.StatusGatewayTimeout},
		} {
			conn := served(t, allOf(func(ctx context.Context) error { return pause(ctx, time.Second) }), httpx.Use(tt.shed))
			c := client(t, conn)
			if tt.shed == slow {
				_, err := c.Write(t.Context(), body{1}) // it learns how long this takes
				require.NoError(t, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_, err := c.Write(ctx, body{1})
			require.ErrorIs(t, err, tt.want, tt.name)
			e := endpoint.ErrorOf(err)
			require.Equal(t, tt.code, e.Code(), tt.name)
			require.True(t, e.Remote(), tt.name)
			require.True(t, endpoint.ServerFault(err), "%s: a remote refusal is the server's failure", tt.name)
			cancel()

			mux := http.NewServeMux()
			require.NoError(t, httpx.Mount(mux, allOf(func(ctx context.Context) error { return pause(ctx, time.Second) }), httpx.Use(tt.shed)))
			post := func(timeout string, body io.Reader) *status {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/notes", body)
				require.NoError(t, err)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Connect-Timeout-Ms", timeout)
				w := &status{header: http.Header{}}
				mux.ServeHTTP(w, r)
				return w
			}
			if tt.shed == slow {
				require.Equal(t, http.StatusOK, post("5000", strings.NewReader(`{"n":1}`)).code)
			}
			w := post("100", unread{t})
			require.Equal(t, tt.status, w.code, tt.name)
			require.Contains(t, w.text.String(), tt.want.Reason(), tt.name)
		}
	})
}

// status keeps an answer.
type status struct {
	header http.Header
	code   int
	text   strings.Builder
}

func (s *status) Header() http.Header         { return s.header }
func (s *status) WriteHeader(code int)        { s.code = code }
func (s *status) Write(b []byte) (int, error) { return s.text.Write(b) }
