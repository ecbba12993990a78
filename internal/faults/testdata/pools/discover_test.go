package x

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
)

var errDead = endpoint.MarkNotSent(endpoint.Errorf(endpoint.Unavailable, "connection refused"))

type fake struct{ addr string }

func pool(t *testing.T, src discover.Source, opts ...discover.Option) *discover.Pool[*fake] {
	p := discover.New(func(_ context.Context, addr string) (*fake, error) { return &fake{addr}, nil }, opts...)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx, src) }()
	t.Cleanup(func() { cancel(); <-done })
	return p
}

// envoyproxy/envoy#28304: 3 hosts of priority 0, 3 of priority 1; all of priority 0 go down at once.
// docs/discover.md: "Priorities: only the instances of the lowest number with a healthy one get calls. Spares are dialled, and wait."
// Expected: after a while calls go to the spares, and succeed.
func TestSparesTakeOver(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var set []discover.Instance
				for i := range n {
					set = append(set, discover.Instance{Addr: fmt.Sprintf("first-%d", i)}, discover.Instance{Addr: fmt.Sprintf("spare-%d", i), Priority: 1})
				}
				p := pool(t, discover.Fixed(set...))
				time.Sleep(time.Second)
				ok := 0
				const calls = 6000
				for range calls { // 10 minutes
					c, tok, err := p.Acquire(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasPrefix(c.addr, "first") {
						p.Release(tok, errDead)
					} else {
						ok++
						p.Release(tok, nil)
					}
					time.Sleep(100 * time.Millisecond)
				}
				t.Logf("%d first + %d spares, all first dead for 10 min: %d of %d calls succeeded", n, n, ok, calls)
				if ok < calls/2 {
					t.Errorf("the spares are not used")
				}
			})
		})
	}
}

// The same with zones. docs/discover.md: "with Zone("a"), those of that zone are preferred while at least half of them are healthy; else all get calls."
func TestZoneTakeOver(t *testing.T) {
	for _, n := range []int{1, 2, 4, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var set []discover.Instance
				for i := range n {
					set = append(set, discover.Instance{Addr: fmt.Sprintf("a-%d", i), Zone: "a"}, discover.Instance{Addr: fmt.Sprintf("b-%d", i), Zone: "b"})
				}
				p := pool(t, discover.Fixed(set...), discover.Zone("a"))
				time.Sleep(time.Second)
				ok := 0
				const calls = 6000
				for range calls {
					c, tok, err := p.Acquire(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasPrefix(c.addr, "a-") {
						p.Release(tok, errDead)
					} else {
						ok++
						p.Release(tok, nil)
					}
					time.Sleep(100 * time.Millisecond)
				}
				t.Logf("zone a %d dead, zone b %d fine, 10 min: %d of %d calls succeeded", n, n, ok, calls)
				if ok < calls/2 {
					t.Errorf("the other zone is not used")
				}
			})
		})
	}
}

// With a Retry of three: does it get to the spares?
func TestSparesWithRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set []discover.Instance
		for i := range 3 {
			set = append(set, discover.Instance{Addr: fmt.Sprintf("first-%d", i)}, discover.Instance{Addr: fmt.Sprintf("spare-%d", i), Priority: 1})
		}
		dial := func(_ context.Context, addr string) (endpoint.Endpoint[string, string], error) {
			return func(context.Context, string) (string, error) {
				if strings.HasPrefix(addr, "first") {
					return "", errDead
				}
				return addr, nil
			}, nil
		}
		p := discover.New(dial)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { _ = p.Run(ctx, discover.Fixed(set...)) }()
		e := endpoint.Chain(discover.Balanced[string, string](p), resilience.NewRetry(4).Wrap)
		ok := 0
		for range 600 {
			if _, err := e(t.Context(), ""); err == nil {
				ok++
			}
			time.Sleep(time.Second)
		}
		t.Logf("%d of 600 calls succeeded", ok)
		if ok < 300 {
			t.Error("the spares are not used")
		}
	})
}

// cep21/circuit#94, muninndb#642: deadline of the caller that had passed before anything was sent.
// docs/discover.md: "after 5 failures in a row that are the server's (its errors and time-outs, not ... what the caller cancelled)".
func TestExpiredDeadlineEjects(t *testing.T) {
	var hits atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1); io.WriteString(w, "{}") }))
	defer srv.Close()
	srv2 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1); io.WriteString(w, "{}") }))
	defer srv2.Close()
	var mu sync.Mutex
	var events []string
	p, svc := httpPool(t, []string{srv.Listener.Addr().String(), srv2.Listener.Addr().String()}, nil, discover.OnEvent(func(_ context.Context, e endpoint.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e.Kind)
	}))
	_ = p
	if _, err := svc.Get(t.Context(), endpoint.Empty{}); err != nil {
		t.Fatal(err)
	}
	before := hits.Load()
	var last error
	for range 40 {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		_, last = svc.Get(ctx, endpoint.Empty{})
		cancel()
	}
	t.Logf("hits by expired calls: %d, last error %v (code %v, notsent %v)", hits.Load()-before, last, endpoint.CodeOf(last), endpoint.NotSent(last))
	mu.Lock()
	defer mu.Unlock()
	t.Logf("events %v", events)
	for _, e := range events {
		if e == "ejected" {
			t.Error("a healthy instance was ejected though nothing was sent to it")
			break
		}
	}
}

func TestExpiredDeadlineOpensBreaker(t *testing.T) {
	var hits atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1); io.WriteString(w, "{}") }))
	defer srv.Close()
	b := resilience.NewBreaker(5)
	svc := httpTo(t, srv.URL, b)
	var last error
	for range 10 {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		_, last = svc.Get(ctx, endpoint.Empty{})
		cancel()
	}
	t.Logf("hits %d, last error %v", hits.Load(), last)
	if _, err := svc.Get(t.Context(), endpoint.Empty{}); errors.Is(err, resilience.ErrOpen) {
		t.Errorf("the breaker is open though nothing was sent: %v", err)
	}
}

// retries must respect weights: canary of weight 1 beside two of 100, one of which is dead.
func TestRetryRespectsWeight(t *testing.T) {
	var canary, big atomic.Int64
	dial := func(_ context.Context, addr string) (endpoint.Endpoint[string, string], error) {
		return func(context.Context, string) (string, error) {
			switch addr {
			case "dead":
				return "", errDead
			case "canary":
				canary.Add(1)
			default:
				big.Add(1)
			}
			return addr, nil
		}, nil
	}
	for name, b := range map[string]discover.Balancer{"random": discover.Random(), "weighted": discover.Weighted(), "ewma": discover.PeakEWMA(), "least": discover.LeastRequest()} {
		canary.Store(0)
		big.Store(0)
		p := discover.New(dial, discover.Balance(b), discover.Eject(0, 0))
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			_ = p.Run(ctx, discover.Fixed(discover.Instance{Addr: "dead", Weight: 100}, discover.Instance{Addr: "big", Weight: 100}, discover.Instance{Addr: "canary", Weight: 1}))
		}()
		e := endpoint.Chain(discover.Balanced[string, string](p), resilience.NewRetry(3, resilience.Backoff(0, 0), resilience.Budgeted(resilience.NewBudget(1, 1e6))).Wrap)
		for {
			if _, err := e(t.Context(), ""); err == nil {
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
		canary.Store(0)
		big.Store(0)
		for range 20000 {
			_, _ = e(t.Context(), "")
		}
		share := float64(canary.Load()) / float64(canary.Load()+big.Load())
		t.Logf("%s: canary gets %.1f %% (its weight says 1 %% of what lives)", name, 100*share)
		cancel()
	}
}

// Clients made again and again on one pool.
func TestClientsOfOnePool(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
	defer srv.Close()
	addrs := []string{srv.Listener.Addr().String()}
	p, svc := httpPool(t, addrs, nil)
	_, _ = svc.Get(t.Context(), endpoint.Empty{})
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	for range 20000 {
		s := httpOn(t, p)
		if _, err := s.Get(t.Context(), endpoint.Empty{}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&m1)
	t.Logf("20000 clients on one pool: heap %d KB -> %d KB (%d bytes each, kept for ever)", m0.HeapAlloc/1024, m1.HeapAlloc/1024, (int64(m1.HeapAlloc)-int64(m0.HeapAlloc))/20000)
}
