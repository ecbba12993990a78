package jsonrpcx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// batchOf returns a batch of n calls with the params and the ids 0 to n-1.
func batchOf(n int) string {
	var calls []string
	for i := range n {
		calls = append(calls, fmt.Sprintf(`{"jsonrpc":"2.0","method":"do","params":[%d],"id":%d}`, i, i))
	}
	return "[" + strings.Join(calls, ",") + "]"
}

// batched serves a method "do" with options of the end.
func batched[Req, Resp any](e endpoint.Endpoint[Req, Resp], opts ...jsonrpcx.Option) http.Handler {
	return handle(single[Req, Resp]{e}, func(s *single[Req, Resp], m *jsonrpcx.Methods) { m.Method("do", &s.Do) }, opts...)
}

// TestBatchConcurrency runs a batch whose calls take a second each.
func TestBatchConcurrency(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []jsonrpcx.Option
		peak int64
		took time.Duration
	}{
		"by default":      {nil, 8, 3 * time.Second},
		"one by one":      {[]jsonrpcx.Option{jsonrpcx.BatchConcurrency(1)}, 1, 20 * time.Second},
		"all at once":     {[]jsonrpcx.Option{jsonrpcx.BatchConcurrency(100)}, 20, time.Second},
		"a bound of five": {[]jsonrpcx.Option{jsonrpcx.BatchConcurrency(5)}, 5, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var running, peak atomic.Int64
				var mu sync.Mutex
				var order []int
				h := batched(func(_ context.Context, n int) (int, error) {
					mu.Lock()
					order = append(order, n)
					peak.Store(max(peak.Load(), running.Add(1)))
					mu.Unlock()
					time.Sleep(time.Second)
					running.Add(-1)
					return n, nil
				}, tt.opts...)
				start := time.Now()
				got := ask(t, h, batchOf(20))
				require.Equal(t, tt.took, time.Since(start))
				require.Equal(t, tt.peak, peak.Load())
				if tt.peak == 1 {
					require.IsIncreasing(t, order)
				}
				var want []string
				for i := range 20 {
					want = append(want, fmt.Sprintf(`{"jsonrpc":"2.0","result":%d,"id":%d}`, i, i))
				}
				require.Equal(t, "["+strings.Join(want, ",")+"]", got, "in the order of the calls")
			})
		})
	}
}

// TestMaxBatch has batches of as many calls as a server takes, and of one more.
func TestMaxBatch(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	count := func(_ context.Context, n int) (int, error) { ran.Add(1); return n, nil }
	for _, tt := range []struct {
		h     http.Handler
		limit int
	}{
		{batched(count), jsonrpcx.DefaultMaxBatch},
		{batched(count, jsonrpcx.MaxBatch(3)), 3},
	} {
		ran.Store(0)
		require.Contains(t, ask(t, tt.h, batchOf(tt.limit)), fmt.Sprintf(`"id":%d}]`, tt.limit-1))
		require.Equal(t, int64(tt.limit), ran.Load())
		want := fmt.Sprintf(`{"jsonrpc":"2.0","error":{"code":-32008,"message":"the batch has too many calls","data":{"code":"RESOURCE_EXHAUSTED","domain":"endpoint","reason":"BATCH_TOO_LARGE","meta":{"limit":"%d"}}},"id":null}`, tt.limit)
		require.Equal(t, want, ask(t, tt.h, batchOf(tt.limit+1)))
		require.Equal(t, int64(tt.limit), ran.Load(), "none of them ran")
	}
}

// TestMaxBatchReply has results that do not fit together.
func TestMaxBatchReply(t *testing.T) {
	t.Parallel()
	ran := 0
	h := batched(func(context.Context, int) (string, error) { ran++; return strings.Repeat("x", 100), nil },
		jsonrpcx.MaxBatchReply(300), jsonrpcx.BatchConcurrency(1))
	got := ask(t, h, batchOf(6))
	require.Equal(t, 2, strings.Count(got, `"result"`), got)
	require.Equal(t, 4, strings.Count(got, `"BATCH_REPLY_TOO_LARGE"`), got)
	require.Equal(t, 3, ran, "the rest does not run")
	long := batched(func(context.Context, int) (string, error) { return strings.Repeat("x", 400), nil }, jsonrpcx.MaxBatchReply(300))
	require.Contains(t, ask(t, long, call(`[1]`)), `"result"`, "it is a bound of batches")
}

// TestBatchEnds has calls that panic or exit, beside one that succeeds.
func TestBatchEnds(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var hooked []error
	h := batched(func(_ context.Context, n int) (int, error) {
		switch n {
		case 0:
			panic("secret")
		case 1:
			runtime.Goexit()
		}
		return n, nil
	}, jsonrpcx.ErrorHook(func(_ context.Context, err error) {
		mu.Lock()
		defer mu.Unlock()
		hooked = append(hooked, err)
	}))
	failed := func(id string) string {
		return `{"jsonrpc":"2.0","error":{"code":-32013,"message":"internal error","data":{"code":"INTERNAL"}},"id":` + id + `}`
	}
	require.Equal(t, `[`+failed("0")+`,`+failed("1")+`,{"jsonrpc":"2.0","result":2,"id":2}]`, ask(t, h, batchOf(3)))
	require.Len(t, hooked, 1)
	require.ErrorContains(t, hooked[0], "secret")
}

// TestBatchAbandoned has a client that leaves while the first call runs.
func TestBatchAbandoned(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	var ran atomic.Int64
	h := batched(func(ctx context.Context, n int) (int, error) {
		ran.Add(1)
		leave()
		<-ctx.Done()
		return n, ctx.Err()
	}, jsonrpcx.BatchConcurrency(1))
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(batchOf(5)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, int64(1), ran.Load(), "the others do not run")
	require.Equal(t, 5, strings.Count(w.Body.String(), `"CANCELLED"`), w.Body)
}

// seen records the calls that a layer sees.
type seen struct {
	mu    sync.Mutex // guards the field below
	calls []string
}

func (s *seen) layer() endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		call := endpoint.CallFrom(ctx)
		call.Reply().Set("X-Layer", "it")
		header := call.Header().Get("X-Caller")
		call.Header().Set("X-Caller", "changed")
		return ctx, func(err error) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			op := call.Operation()
			s.calls = append(s.calls, fmt.Sprintf("%s.%s %s %q %v %v %s %d", op.Service, op.Name, op.Transport, op.Method, op.Unrouted, endpoint.CodeOf(err), header, call.RequestBytes()))
			return err
		}, nil
	})
}

// TestLayers has the calls that layers see: each of a batch by itself, and one for what
// names no method.
func TestLayers(t *testing.T) {
	t.Parallel()
	const do, other = `{"jsonrpc":"2.0","method":"do","params":[1],"id":1}`, `{"jsonrpc":"2.0","method":"other"}`
	const unrouted = `jsonrpcx.Handler jsonrpc "" true `
	for name, tt := range map[string]struct {
		body  string
		want  []string
		reply string
	}{
		"a call":          {do, []string{`single.Do jsonrpc "do" false OK me 51`}, "it"},
		"a batch":         {`[` + do + `,` + do + `]`, []string{`single.Do jsonrpc "do" false OK me 51`, `single.Do jsonrpc "do" false OK me 51`}, ""},
		"no method":       {other, []string{unrouted + `UNIMPLEMENTED me 34`}, "it"},
		"no request":      {`[1]`, []string{unrouted + `INVALID_ARGUMENT me 1`}, ""},
		"no JSON":         {`[`, []string{unrouted + `INVALID_ARGUMENT me 1`}, "it"},
		"too large":       {`[` + strings.Repeat(" ", 200), []string{unrouted + `RESOURCE_EXHAUSTED me 0`}, "it"},
		"too many":        {`[1,2,3]`, []string{unrouted + `RESOURCE_EXHAUSTED me 7`}, "it"},
		"an empty batch":  {`[]`, []string{unrouted + `INVALID_ARGUMENT me 2`}, "it"},
		"a notification":  {`{"jsonrpc":"2.0","method":"do","params":["x"]}`, []string{`single.Do jsonrpc "do" false INVALID_ARGUMENT me 46`}, "it"},
		"no notification": {`[` + other + `]`, []string{unrouted + `UNIMPLEMENTED me 34`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s seen
			hooked := atomic.Int64{}
			h := batched(func(_ context.Context, n int) (int, error) { return n, nil }, jsonrpcx.Use(s.layer()),
				jsonrpcx.MaxBody(150), jsonrpcx.MaxBatch(2), jsonrpcx.ErrorHook(func(context.Context, error) { hooked.Add(1) }))
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Caller", "me")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.want, s.calls)
			require.Equal(t, tt.reply, w.Header().Get("X-Layer"))
			want := int64(1)
			if strings.Contains(tt.want[0], " OK ") {
				want = 0
			}
			require.Equal(t, want, hooked.Load())
		})
	}
}
