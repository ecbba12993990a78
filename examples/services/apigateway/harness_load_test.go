package apigateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
)

// A load makes calls of a gateway at a constant rate. All of them may be repeated: those of
// stringsvc and addsvc are declared idempotent, and PUT is.
type load struct {
	t      *testing.T
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	calls int
	errs  []error
}

// every is the time between two calls.
const every = 8 * time.Millisecond

// startLoad calls the gateway at a URL until end.
func startLoad(t *testing.T, url string) *load {
	t.Helper()
	calls := newCalls(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, cancel: cancel}
	l.ended.Go(func() { l.run(ctx, calls) })
	t.Cleanup(l.stop)
	return l
}

func (l *load) run(ctx context.Context, calls []func(ctx context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		running.Go(func() { l.note(calls[i%len(calls)](context.WithoutCancel(ctx))) })
	}
}

func (l *load) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
	}
}

func (l *load) stop() {
	l.cancel()
	l.ended.Wait()
}

// end ends the load and reports the calls that failed.
func (l *load) end() {
	l.t.Helper()
	l.stop()
	l.t.Logf("%d calls", l.calls)
	if len(l.errs) > 0 {
		l.t.Errorf("%d of them failed: %v", len(l.errs), errors.Join(l.errs[:min(5, len(l.errs))]...))
	}
}

// newCalls returns typed calls and those of go-kit's clients.
func newCalls(t *testing.T, url string) []func(ctx context.Context) error {
	t.Helper()
	var texts stringsvc.Strings
	var profiles profilesvc.Profiles
	var sums addsvc.Add
	require.NoError(t, errors.Join(
		httpx.Client(httpx.To(url+"/strings"), &texts),
		httpx.Client(httpx.To(url+"/directory"), &profiles),
		httpx.Client(httpx.To(url+"/addsvc"), &sums)))
	return []func(ctx context.Context) error{
		func(ctx context.Context) error {
			up, err := texts.Uppercase(ctx, stringsvc.Text{S: "hello"})
			return same(up, stringsvc.Uppercased{V: "HELLO"}, err)
		},
		func(ctx context.Context) error {
			_, err := profiles.Put(ctx, profilesvc.PutRequest{ID: "1", Profile: profilesvc.Profile{Name: "Ann"}})
			return err
		},
		func(ctx context.Context) error {
			sum, err := sums.Sum(ctx, addsvc.SumRequest{A: 1, B: 2})
			return same(sum, addsvc.SumReply{V: 3}, err)
		},
		post(url+"/stringsvc/uppercase", `{"s":"hello"}`, `{"v":"HELLO"}`),
		post(url+"/stringsvc/count", `{"s":"hello"}`, `{"v":5}`),
		post(url+"/addsvc/sum", `{"a":1,"b":2}`, `{"v":3}`),
		post(url+"/addsvc/concat", `{"a":"1","b":"2"}`, `{"v":"12"}`),
	}
}

// same returns err, or an error if the values differ.
func same[T comparable](got, want T, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("got %v, want %v", got, want)
	}
	return err
}

// post returns a call without a client of ours.
func post(url, body, want string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		got, err := io.ReadAll(resp.Body)
		return same(fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(got))), "200 "+want, err)
	}
}
