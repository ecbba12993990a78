package main

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint"
)

// The kinds, as they are named in tables and plots.
const (
	kindNone     = "no policy"
	kindOurs     = "resilience"
	kindPermit   = "permit calls"
	kindTime     = "x/time/rate"
	kindSync     = "x/sync/semaphore"
	kindContext  = "context.WithTimeout"
	kindExecutor = "failsafe-go"
	kindBreaker  = "gobreaker"
	kindKit      = "go-kit"
)

func kinds() []string {
	return []string{kindNone, kindOurs, kindTime, kindSync, kindContext, kindPermit, kindExecutor, kindBreaker, kindKit}
}

// The groups: what is compared with each other.
const (
	groupLimiter  = "limiter"
	groupBreaker  = "breaker, failures in a row"
	groupWindow   = "breaker, ratio of 10 s"
	groupBulkhead = "bulkhead"
	groupAdaptive = "adaptive limit"
	groupThrottle = "throttler"
	groupTimeout  = "timeout"
	groupRetry    = "retry"
	groupHedge    = "hedge"
	groupStack    = "limiter + breaker + bulkhead"
	groupClient   = "retry + breaker + timeout"
)

func groups() []string {
	return []string{
		groupLimiter, groupBreaker, groupWindow, groupBulkhead, groupAdaptive, groupThrottle,
		groupTimeout, groupRetry, groupHedge, groupStack, groupClient,
	}
}

// groupOthers is the policies that nobody else has in a form to compare with;
// their kinds are their names.
const groupOthers = "others"

func others() []string {
	return []string{kindNone, "Waiter", "PerClient", "Quota", "Shed", "RetryIf", "Fallback", "Coalesce", "Policies"}
}

// A record is the request and the response: 16 bytes.
type record struct{ ID, Last int64 }

// An answer is what is timed: a function that is called with policies around it.
type answer = endpoint.Endpoint[record, record]

//go:noinline
func handle(_ context.Context, req record) (record, error) {
	return record{req.ID, req.Last + 1}, nil
}

// served returns the context of a call that a server got from a client.
func served() (context.Context, error) {
	ctx, w, err := endpoint.StartCall(context.Background(), &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
	w.SetPeer("192.0.2.1:1024")
	return ctx, err
}

// A subject is one way to call handle.
type subject struct {
	group, kind string
	answer      answer
}

// run calls it n times and checks the sum of the answers: this is the use of the
// results that keeps the compiler from removing the work.
func (s subject) run(ctx context.Context, n int) error {
	req, sum := record{ID: int64(n)}, int64(0)
	for range n {
		resp, err := s.answer(ctx, req)
		if err != nil {
			return err
		}
		sum += resp.Last
	}
	if sum != int64(n) {
		return fmt.Errorf("wrong answers: their sum is %d, want %d", sum, n)
	}
	return nil
}

// check calls it once and looks at the answer.
func (s subject) check(ctx context.Context) error {
	got, err := s.answer(ctx, record{7, 41})
	if want := (record{7, 42}); err == nil && got != want {
		err = fmt.Errorf("the answer is %v, want %v", got, want)
	}
	return err
}

// subjects returns all that is measured, in the order of the tables.
func subjects() []subject {
	all := []subject{}
	for _, g := range groups() {
		all = append(all, subject{g, kindNone, handle})
	}
	all = append(all, subject{groupOthers, kindNone, handle})
	for _, more := range [][]subject{ours(), permits(), executors(), gobreakers(), kits()} {
		all = append(all, more...)
	}
	return all
}
