package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// guards are the flags of what guards the service.
type guards struct{ sum, concat limit }

func guardsVar(flags *flag.FlagSet) *guards {
	g, generous := new(guards), limit{10_000, 10_000}
	flags.TextVar(&g.sum, "sum.limit", generous, "calls of Sum that pass in a second and at once, `rate:burst`; go-kit's example has 1:1")
	flags.TextVar(&g.concat, "concat.limit", generous, "calls of Concat that pass in a second and at once, `rate:burst`; go-kit's example has 1:100")
	return g
}

// snippet: guards

// guard puts a breaker, a limit and a counter around each method, outermost first, and
// returns the counters. They hold for all transports together: a call that comes over one of
// them is limited by those that come over the others. The admin page of s shows them.
func (g *guards) guard(s *server.Server, svc *addsvc.Add) []prometheus.Collector {
	integers := newCounter("integers_summed_total", "Integers that were summed: two for each call of Sum that succeeds.")
	characters := newCounter("characters_concatenated_total", "Bytes of all strings that Concat has returned.")
	sumBreaker, sumLimit := guardsOf(s, "Sum", g.sum)
	concatBreaker, concatLimit := guardsOf(s, "Concat", g.concat)
	svc.Sum = endpoint.Chain(svc.Sum, sumBreaker.Wrap, sumLimit.Wrap,
		count(integers, func(addsvc.SumRequest, addsvc.SumReply) int { return 2 }))
	svc.Concat = endpoint.Chain(svc.Concat, concatBreaker.Wrap, concatLimit.Wrap,
		count(characters, func(_ addsvc.ConcatRequest, r addsvc.ConcatReply) int { return len(r.V) }))
	return []prometheus.Collector{integers, characters}
}

// guardsOf returns the breaker and the limit of a method. s shows their state and their events.
func guardsOf(s *server.Server, method string, l limit) (*resilience.Breaker, *resilience.Limiter) {
	name, events := resilience.Named(method), resilience.OnEvent(s.Event)
	breaker, limiter := resilience.NewBreaker(failures, name, events), resilience.NewLimiter(l.perSecond, l.burst, name, events)
	s.Add(server.Watch(breaker, limiter))
	return breaker, limiter
}

// failures is how many calls in a row have to fail until a breaker opens, as in go-kit's
// example. Errors that callers have caused, such as an overflow, are none.
const failures = 6

// count adds to c what a call that succeeds is worth.
func count[Req, Resp any](c prometheus.Counter, worth func(req Req, resp Resp) int) endpoint.Middleware[Req, Resp] {
	return func(next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
		return func(ctx context.Context, req Req) (Resp, error) {
			resp, err := next(ctx, req)
			if err == nil {
				c.Add(float64(worth(req, resp)))
			}
			return resp, err
		}
	}
}

// end snippet

func newCounter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "example", Subsystem: "addsvc", Name: name, Help: help})
}

// limit is the value of a flag, "rate:burst".
type limit struct {
	perSecond float64
	burst     int
}

func (l limit) limiter() *resilience.Limiter { return resilience.NewLimiter(l.perSecond, l.burst) }

// MarshalText returns the form that UnmarshalText reads.
func (l limit) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%s:%d", strconv.FormatFloat(l.perSecond, 'f', -1, 64), l.burst), nil
}

// UnmarshalText sets the limit. Both numbers must be positive.
func (l *limit) UnmarshalText(text []byte) error {
	rate, burst, _ := strings.Cut(string(text), ":")
	perSecond, err := strconv.ParseFloat(rate, 64)
	atOnce, berr := strconv.Atoi(burst)
	if err != nil || berr != nil {
		return fmt.Errorf("%q is not of the form rate:burst, such as 0.5:10", text)
	}
	*l = limit{perSecond, atOnce}
	return l.limiter().Err()
}
