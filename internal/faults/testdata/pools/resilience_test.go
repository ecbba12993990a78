package x

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
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
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// avast/retry-go#118, aws/aws-sdk-go-v2#3241: "retry until the context ends" must not keep every error.
func TestRetryForEver(t *testing.T) {
	n := 0
	ctx, cancel := context.WithCancel(t.Context())
	e := endpoint.Endpoint[int, int](func(context.Context, int) (int, error) {
		if n++; n == 500_000 {
			cancel()
		}
		return 0, endpoint.Errorf(endpoint.Unavailable, "attempt %d failed", n)
	})
	r := resilience.NewRetry(math.MaxInt, resilience.Backoff(1, 1), resilience.Budgeted(resilience.NewBudget(1, 1e12)))
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	_, err := r.Wrap(e)(ctx, 0)
	runtime.GC()
	runtime.ReadMemStats(&m1)
	start := time.Now()
	text := err.Error()
	t.Logf("%d attempts: %d KB are held by the error, whose text has %d bytes (made in %v)", n, (m1.HeapAlloc-m0.HeapAlloc)/1024, len(text), time.Since(start))
	runtime.KeepAlive(err)
}

// Coalesce on a server: the flight goes on under the values of its first caller, whose request is over.
// resilience.Coalesce: "Its context has the values of the first caller's"; Call.Reply of that call is the map of a response that net/http is done with.
type Slow struct {
	Get endpoint.Endpoint[Key, Val]
}
type Key struct {
	K string `path:"k"`
}
type Val struct {
	V string `json:"v"`
}

func (s *Slow) HTTP(r *httpx.Routes) { r.GET("/get/{k}", &s.Get) }

func TestCoalesceReply(t *testing.T) {
	var round atomic.Int64
	get := endpoint.Endpoint[Key, Val](func(ctx context.Context, k Key) (Val, error) {
		call := endpoint.CallFrom(ctx)
		for i := range 2000 { // as a handler that sets headers when it has its answer
			call.Reply().Set(fmt.Sprintf("X-H%d", i%7), "v")
			if i%100 == 0 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		return Val{k.K}, nil
	})
	svc := &Slow{Get: endpoint.Chain(get, resilience.Coalesce(func(k Key) string { return k.K }).Wrap)}
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, svc, httpx.Use(resilience.NewTimeout(2*time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(mux)
	defer srv.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				k := round.Add(1) / 4
				resp, err := http.Get(fmt.Sprintf("%s/get/%d", srv.URL, k))
				if err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}
		})
	}
	wg.Wait()
}

// Retries at each hop: A -> B -> C, each client with the recommended ClientStack; C is dead. How many dials does one call of A make?
func TestAmplification(t *testing.T) {
	var hits atomic.Int64
	dead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		w.WriteHeader(503)
	}))
	defer dead.Close()
	url := dead.URL
	for hop := 1; hop <= 3; hop++ {
		hits.Store(0)
		svc := httpTo(t, url, resilience.ClientStack()...)
		_, err := svc.Get(t.Context(), endpoint.Empty{})
		t.Logf("%d clients in a row: %d requests reach the last server; err %v", hop, hits.Load(), err)
		mux := http.NewServeMux()
		down := svc
		srv := &Svc{Get: func(ctx context.Context, e endpoint.Empty) (Out, error) {
			out, err := down.Get(ctx, e)
			if err != nil {
				// as one does: unavailable behind is unavailable here
				return out, endpoint.Errorf(endpoint.CodeOf(err), "behind: %w", err)
			}
			return out, nil
		}, Post: func(context.Context, endpoint.Empty) (Out, error) { return Out{}, nil }}
		if err := httpx.Mount(mux, srv, httpx.Use(resilience.ServerStack()...)); err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(mux)
		defer s.Close()
		url = s.URL
	}
}

// hashicorp/go-retryablehttp#247, #295.
func TestRetryAfterHeader(t *testing.T) {
	for _, h := range []string{"3600", "-5", "0", "1.5", "99999999999999999999", "9223372036854775807", "abc", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 1990 00:00:00 GMT"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", h)
			w.WriteHeader(503)
		}))
		var kinds []string
		svc := httpTo(t, srv.URL, resilience.NewRetry(3, resilience.Backoff(time.Millisecond, time.Millisecond), resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
			kinds = append(kinds, fmt.Sprintf("%s %v", e.Kind, e.Delay.Round(time.Second)))
		})))
		start := time.Now()
		_, err := svc.Get(t.Context(), endpoint.Empty{})
		t.Logf("Retry-After: %q: %v after %v: retryAfter %v", h, kinds, time.Since(start).Round(time.Millisecond), endpoint.ErrorOf(err).RetryAfter())
		srv.Close()
	}
}

// resilience4j#544, #903, #935: half-open must not get stuck by ignored probes, panics, goroutine exits.
func TestHalfOpenNeverStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, probe := range map[string]func(){
			"canceled": nil,
			"panic":    func() { panic("x") },
			"goexit":   runtime.Goexit,
		} {
			mode := "fail"
			e := endpoint.Endpoint[int, int](func(ctx context.Context, _ int) (int, error) {
				switch mode {
				case "fail":
					return 0, endpoint.Errorf(endpoint.Unavailable, "x")
				case "probe":
					if probe == nil {
						return 0, context.Canceled
					}
					probe()
				}
				return 1, nil
			})
			b := resilience.NewBreaker(1, resilience.Cooldown(time.Second))
			f := b.Wrap(e)
			_, _ = f(t.Context(), 0)
			time.Sleep(1100 * time.Millisecond)
			mode = "probe"
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { _ = recover() }()
				_, _ = f(t.Context(), 0)
			}()
			<-done
			mode = "ok"
			time.Sleep(1100 * time.Millisecond)
			_, err := f(t.Context(), 0)
			t.Logf("%s: then %v, state %v", name, err, b.State())
			if err != nil {
				t.Errorf("%s: stuck", name)
			}
		}
	})
}

// hystrix-go#67 (tickets), failsafe#393: permits come back whatever happens.
func TestPermitsComeBack(t *testing.T) {
	type policy interface {
		endpoint.Layer
		Gauges(func(endpoint.Gauge) bool)
	}
	for name, p := range map[string]policy{
		"bulkhead": resilience.NewBulkhead(3, resilience.Queue(5, 5*time.Millisecond)),
		"adaptive": resilience.NewAdaptive(resilience.Limits(3, 3), resilience.Queue(5, 5*time.Millisecond)),
		"shed":     resilience.NewShed(),
	} {
		e := endpoint.Stack{p}.Wrap(func(ctx context.Context, n int) (int, error) {
			time.Sleep(time.Duration(n%5) * time.Millisecond)
			switch n % 7 {
			case 0:
				panic("x")
			case 1:
				runtime.Goexit()
			case 2:
				return 0, ctx.Err()
			}
			return n, nil
		})
		var wg sync.WaitGroup
		for i := range 3000 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer func() { _ = recover() }()
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%9)*time.Millisecond)
				defer cancel()
				_, _ = e(ctx, i)
			}()
			if i%20 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		wg.Wait()
		for g := range p.Gauges {
			if g.Metric == "permits_in_use" || g.Metric == "waiting" {
				t.Log(name, g.Metric, g.Value)
				if g.Value != 0 {
					t.Errorf("%s leaks", name)
				}
			}
		}
	}
}

// An empty set, then an error, within the grace: "an error changes nothing; the last set stands".
type said struct {
	set []discover.Instance
	err error
}

func script(ch chan said) discover.Source {
	return discover.SourceFunc(func(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
		return func(yield func([]discover.Instance, error) bool) {
			for {
				select {
				case s := <-ch:
					if !yield(s.set, s.err) {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}
	})
}

func TestGraceThenError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan said)
		p := pool(t, script(ch))
		ch <- said{set: []discover.Instance{{Addr: "a"}}}
		time.Sleep(time.Second)
		ch <- said{}
		time.Sleep(time.Second)
		ch <- said{err: errors.New("registry is away")}
		time.Sleep(2 * time.Minute)
		_, _, err := p.Acquire(t.Context())
		t.Logf("empty for 1 s, then the registry is away for 2 min: %v", err)
	})
}

func TestInfWeight(t *testing.T) {
	for name, b := range map[string]discover.Balancer{"random": discover.Random(), "weighted": discover.Weighted(), "ewma": discover.PeakEWMA(), "least": discover.LeastRequest()} {
		p := pool(t, discover.Fixed(discover.Instance{Addr: "a", Weight: math.Inf(1)}, discover.Instance{Addr: "b", Weight: 1}, discover.Instance{Addr: "c"}), discover.Balance(b))
		got := map[string]int{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 1000 {
				c, tok, err := p.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				got[c.addr]++
				p.Release(tok, nil)
			}
		}()
		select {
		case <-done:
			t.Log(name, got)
		case <-time.After(5 * time.Second):
			t.Errorf("%s hangs with an infinite weight", name)
		}
	}
}

// A dial that hangs (a firewall that drops): others must not wait for it for ever.
func TestHangingDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := discover.New(func(_ context.Context, addr string) (*fake, error) {
			if strings.HasPrefix(addr, "a-hang") {
				<-release
			}
			return &fake{addr}, nil
		})
		var set []discover.Instance
		for i := range 64 {
			set = append(set, discover.Instance{Addr: fmt.Sprintf("a-hang-%02d", i)})
		}
		set = append(set, discover.Instance{Addr: "b-good"})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { _ = p.Run(ctx, discover.Fixed(set...)); close(ended) }()
		_, _, err := p.Acquire(t.Context())
		t.Logf("64 dials hang, 1 would work: %v (cause %v)", err, errors.Unwrap(err))
		cancel()
		time.Sleep(time.Minute)
		select {
		case <-ended:
		default:
			t.Log("Run has not returned a minute after its context ended")
		}
		close(release)
		<-ended
	})
}

// Calls that began before an ejection and end after the readmission.
func TestStaleFailuresAfterReadmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		start := time.Now()
		p := pool(t, discover.Static("a", "b"), discover.Balance(discover.RoundRobin()), discover.OnEvent(func(_ context.Context, e endpoint.Event) {
			events = append(events, fmt.Sprintf("%v %s %s %v", time.Since(start).Round(time.Second), e.Kind, e.Detail, e.Delay))
		}))
		time.Sleep(time.Second)
		// a hangs for 12 s; its callers have a time-out of 12 s and come each 100 ms.
		hung := start.Add(3 * time.Second)
		_ = hung
		for time.Since(start) < 60*time.Second {
			c, tok, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.addr == "a" && time.Since(start) < 4*time.Second {
				go func() {
					time.Sleep(12 * time.Second)
					p.Release(tok, resilience.ErrTimeout)
				}()
			} else {
				p.Release(tok, nil)
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Log(strings.Join(events, "; "))
	})
}

var _ = json.Marshal

// The loop over the attempts in Retry.bound with a base of 0.
func TestRetryQuadratic(t *testing.T) {
	for _, most := range []int{10_000, 20_000, 40_000, 80_000} {
		n := 0
		e := endpoint.Endpoint[int, int](func(context.Context, int) (int, error) {
			n++
			return 0, endpoint.Errorf(endpoint.Unavailable, "x")
		})
		start := time.Now()
		_, _ = resilience.NewRetry(most, resilience.Backoff(0, 0), resilience.Budgeted(resilience.NewBudget(1, 1e12))).Wrap(e)(t.Context(), 0)
		t.Logf("Backoff(0, 0): %d attempts take %v, %v each", n, time.Since(start).Round(time.Millisecond), time.Since(start)/time.Duration(n))
	}
}

// The realistic form of TestCoalesceReply: a handler of 2 ms that sets two headers; clients that give up after 2 ms.
func TestCoalesceRealistic(t *testing.T) {
	get := endpoint.Endpoint[Key, Val](func(ctx context.Context, k Key) (Val, error) {
		time.Sleep(2 * time.Millisecond)
		reply := endpoint.CallFrom(ctx).Reply()
		reply.Set("ETag", `"1"`)
		reply.Set("Cache-Control", "max-age=60")
		return Val{k.K}, nil
	})
	svc := &Slow{Get: endpoint.Chain(get, resilience.Coalesce(func(k Key) string { return k.K }).Wrap)}
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, svc, httpx.Use(resilience.NewTimeout(3*time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(mux)
	defer srv.Close()
	var wg sync.WaitGroup
	var n atomic.Int64
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	end := time.Now().Add(25 * time.Second)
	defer func() { t.Logf("%d requests", n.Load()) }()
	for w := range 32 {
		wg.Go(func() {
			for time.Now().Before(end) {
				i := n.Add(1)
				if i%2000 == 0 {
					fmt.Println(i, "requests so far")
				}
				resp, err := c.Get(fmt.Sprintf("%s/get/%d", srv.URL, w/2))
				if err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}
		})
	}
	wg.Wait()
}
