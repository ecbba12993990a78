package resilience_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// hedgingService is a service whose endpoint is hedged.
type hedgingService struct {
	Do endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (s *hedgingService) HTTP(r *httpx.Routes) { r.POST("/", &s.Do) }

// TestHedgePanicIsReported has an attempt that panics: an event and an error for the hook
// of the server once, also when the call succeeded, and when it is over.
func TestHedgePanicIsReported(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, tt := range map[string]struct {
		first, second func(ctx context.Context) error
		status        int
		events        int
	}{
		"before another wins": {
			func(ctx context.Context) error { _ = pause(ctx, 2*s); panic("boom") },
			func(ctx context.Context) error { return pause(ctx, 2*s) }, http.StatusOK, 1,
		},
		"after another won": {
			func(ctx context.Context) error { <-ctx.Done(); panic("boom") },
			func(ctx context.Context) error { return pause(ctx, s) }, http.StatusOK, 1,
		},
		"and no other wins": {
			func(ctx context.Context) error { _ = pause(ctx, 2*s); panic("boom") },
			func(ctx context.Context) error { _ = pause(ctx, 2*s); return errors.New("failed") }, http.StatusInternalServerError, 0,
		},
	} {
		for _, only := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var mu sync.Mutex // guards the variables below
					var events []endpoint.Event
					var reports []error
					var n int
					hedge := resilience.NewHedge(s, resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
						mu.Lock()
						defer mu.Unlock()
						if e.Kind == "panicked" {
							events = append(events, e)
						}
					}))
					layer := endpoint.Layer(hedge)
					if only {
						layer = endpoint.Only(hedge, func(*endpoint.Operation) bool { return true })
					}
					do := endpoint.Stack{layer}.Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
						mu.Lock()
						n++
						attempt := tt.first
						if n > 1 {
							attempt = tt.second
						}
						mu.Unlock()
						return endpoint.Empty{}, attempt(ctx)
					})
					mux := http.NewServeMux()
					require.NoError(t, httpx.Mount(mux, &hedgingService{do}, httpx.ErrorHook(func(ctx context.Context, err error) {
						mu.Lock()
						defer mu.Unlock()
						reports = append(reports, err)
						require.Equal(t, "Do", endpoint.CallFrom(ctx).Operation().Name)
					})))
					w := httptest.NewRecorder()
					mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody))
					synctest.Wait()
					require.Equal(t, tt.status, w.Code)
					require.Len(t, events, tt.events)
					for _, e := range events {
						require.Equal(t, "hedge", e.Source)
						require.ErrorContains(t, e.Err, "boom")
					}
					require.Len(t, reports, 1)
					p, ok := errors.AsType[*endpoint.PanicError](reports[0])
					require.True(t, ok)
					require.Equal(t, "boom", p.Value)
				})
			})
		}
	}
}
